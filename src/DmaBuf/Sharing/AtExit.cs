using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Sharing;

/// <summary>
/// What others would still see after this process: disposed when it ends, by SIGTERM or SIGHUP too, which .NET 10 and
/// later take for no orderly end. What kills the process leaves it.
/// </summary>
internal static class AtExit
{
    private static readonly ConcurrentDictionary<IDisposable, bool> s_open = new();
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

    public static void Remove(IDisposable open) => s_open.TryRemove(open, out _);

    /// <summary>
    /// A host that cancels the signal lives on. Of its handlers the runtime runs the newest first, so that those
    /// registered before this one are not seen.
    /// </summary>
    internal static void OnSignal(PosixSignalContext signal)
    {
        if (!signal.Cancel)
            DisposeAll();
    }

    private static void DisposeAll()
    {
        foreach (var open in s_open.Keys)
        {
            try
            {
                open.Dispose();
            }
#pragma warning disable CA1031 // One that cannot be ended must not keep the others from it.
            catch
#pragma warning restore CA1031
            {
                KernelTrace.Write($"{open} could not be ended");
            }
        }
    }
}
