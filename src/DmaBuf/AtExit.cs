using System.Collections.Concurrent;

namespace DmaBuf;

/// <summary>What others would still see after this process: disposed when it ends, unless something kills it.</summary>
internal static class AtExit
{
    private static readonly ConcurrentDictionary<IDisposable, bool> s_open = new();

    static AtExit() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var open in s_open.Keys)
            open.Dispose();
    };

    public static void Add(IDisposable open) => s_open[open] = true;

    public static void Remove(IDisposable open) => s_open.TryRemove(open, out _);
}
