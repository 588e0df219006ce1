using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DmaBuf.Tracing;

/// <summary>
/// Reports every kernel call this library makes on a thread to that thread's listener, with arguments and result.
/// Nothing is formatted without a listener.
/// </summary>
public static class KernelTrace
{
    [ThreadStatic]
    private static Action<string>? t_listener;

    [ThreadStatic]
    private static List<string>? t_held;

    /// <summary>
    /// Reports this thread's calls to <paramref name="listener"/>, or with null to nobody, until the result is
    /// disposed. A listener that throws is removed.
    /// </summary>
    public static Scope Listen(Action<string>? listener)
    {
        var scope = new Scope(t_listener);
        t_listener = listener;
        return scope;
    }

    /// <summary>
    /// Keeps this thread's reports until the result is disposed, so that no listener's code runs under a lock.
    /// </summary>
    internal static HoldScope Hold()
    {
        if (t_listener is null || t_held is not null)
            return default;
        t_held = [];
        return new HoldScope(t_held);
    }

    internal static void Write(Message message)
    {
        if (t_listener is null)
            return;
        // The caller has yet to read the call's error number, and a listener makes calls of its own.
        var errno = Marshal.GetLastPInvokeError();
        try
        {
            var text = VisibleText.Of(message.TakeText());
            if (t_held is { } held)
                held.Add(text);
            else
                Report(text);
        }
        finally
        {
            Marshal.SetLastPInvokeError(errno);
        }
    }

    /// <summary>The time during which a listener is active; disposing it restores the previous one.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Action<string>? _previous;

        internal Scope(Action<string>? previous) => _previous = previous;

        /// <summary>Stops listening.</summary>
        public void Dispose() => t_listener = _previous;
    }

    private static void Report(string text)
    {
        try
        {
            t_listener?.Invoke(text);
        }
#pragma warning disable CA1031 // No exception may come between a kernel call and the owner of its result.
        catch
#pragma warning restore CA1031
        {
            t_listener = null;
        }
    }

    /// <summary>The time during which reports are kept; disposing it reports them.</summary>
    internal readonly struct HoldScope(List<string>? held) : IDisposable
    {
        public void Dispose()
        {
            if (held is null)
                return;
            t_held = null;
            held.ForEach(Report);
        }
    }

    /// <summary>An interpolated string that is only built while somebody listens.</summary>
    [InterpolatedStringHandler]
    internal ref struct Message
    {
        private DefaultInterpolatedStringHandler _text;

        public Message(int literalLength, int formattedCount, out bool listening)
        {
            listening = t_listener is not null;
            if (listening)
                _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount);
        }

        public string TakeText() => _text.ToStringAndClear();

        public void AppendLiteral(string value) => _text.AppendLiteral(value);

        public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

        public void AppendFormatted<T>(T value, string? format) => _text.AppendFormatted(value, format);
    }
}
