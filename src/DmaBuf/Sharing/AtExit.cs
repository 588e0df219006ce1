using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Sharing;

/// <summary>
/// Disposes, when this process ends, what others would otherwise still see. That includes an end by SIGTERM or SIGHUP,
/// which .NET 10 and later do not treat as an orderly exit. A process that is killed leaves everything behind.
/// </summary>
internal static class AtExit
{
    private static readonly ConcurrentDictionary<IDisposable, bool> s_open = new();
    // Longer than a withdrawal or a release mark may take.
    private static readonly TimeSpan s_endLimit = TimeSpan.FromSeconds(6);
    private static int s_ending;
    private static readonly PosixSignalRegistration[] s_signals =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal),
    ];

    static AtExit() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        DisposeAll();
        Array.ForEach(s_signals, signal => signal.Dispose());
    };

    public static void Add(IDisposable open) => s_open[open] = true;

    /// <summary>Runs the part of a disposal that tells others. The end of the process waits for it.</summary>
    public static void End(IDisposable open, Action end)
    {
        Interlocked.Increment(ref s_ending);
        try
        {
            end();
        }
        finally
        {
            s_open.TryRemove(open, out _);
            Interlocked.Decrement(ref s_ending);
        }
    }

    /// <summary>
    /// If the host cancels the signal, it keeps running, and nothing is disposed. The runtime runs the newest handler
    /// first, so a handler that was registered before this one cancels too late to be noticed.
    /// </summary>
    internal static void OnSignal(PosixSignalContext signal)
    {
        if (!signal.Cancel)
            DisposeAll();
    }

    /// <summary>
    /// Disposes everything, and waits for disposals that other threads have begun. A signal's thread may be one of
    /// them: its disposals end the waits of the main thread, which then ends the process.
    /// </summary>
    internal static void DisposeAll()
    {
        foreach (var open in s_open.Keys)
        {
            try
            {
                open.Dispose();
            }
#pragma warning disable CA1031 // A failure must not keep the others from being disposed.
            catch
#pragma warning restore CA1031
            {
                KernelTrace.Write($"{open} could not be disposed");
            }
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref s_ending) == 0, s_endLimit);
    }
}
