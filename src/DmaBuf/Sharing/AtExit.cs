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
    private static readonly Lock s_ending = new();
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
    /// If the host cancels the signal, it keeps running, and nothing is disposed. The runtime runs the newest handler
    /// first, so a handler that was registered before this one cancels too late to be noticed.
    /// </summary>
    internal static void OnSignal(PosixSignalContext signal)
    {
        if (!signal.Cancel)
            DisposeAll();
    }

    /// <summary>
    /// Disposes everything. Where a signal does that already, waits for it: what it disposes ends the waits of the main
    /// thread, whose return would end the process in the middle.
    /// </summary>
    internal static void DisposeAll()
    {
        lock (s_ending)
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
        }
    }
}
