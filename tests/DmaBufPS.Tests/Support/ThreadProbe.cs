using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>
/// Watches a thread through /proc, which shows when a script waits in the kernel; tests need not guess it from the time
/// that has passed.
/// </summary>
public sealed class ThreadProbe
{
    /// <summary>The numbers of poll and ppoll, either of which the C library may call.</summary>
    private static readonly int[] s_pollCalls =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? [7, 271] : [73];

    private volatile string? _thread;

    /// <summary>Tells the probe which thread to watch: the caller's.</summary>
    public void Enter() => _thread = Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget);

    /// <summary>Whether the thread sleeps in poll at this moment.</summary>
    internal bool SleepsInPoll
    {
        get
        {
            if (_thread is not { } thread)
                return false;
            try
            {
                var words = File.ReadAllText($"/proc/self/task/{thread}/syscall").Split(' ');
                return int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var call)
                    && s_pollCalls.Contains(call);
            }
            catch (FileNotFoundException)
            {
                Assert.Fail("The script's thread has ended.");
                throw;
            }
        }
    }
}
