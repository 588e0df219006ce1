using System.Collections.Concurrent;
using System.Runtime.InteropServices;

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
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => DisposeAll()),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => DisposeAll()),
    ];

    static AtExit() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        DisposeAll();
        Array.ForEach(s_signals, signal => signal.Dispose());
    };

    public static void Add(IDisposable open) => s_open[open] = true;

    public static void Remove(IDisposable open) => s_open.TryRemove(open, out _);

    private static void DisposeAll()
    {
        foreach (var open in s_open.Keys)
            open.Dispose();
    }
}
