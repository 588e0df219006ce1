using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>
/// Watches a thread through /proc. That a script waits in the kernel is seen there and not guessed from the time that
/// has passed.
/// </summary>
public sealed class ThreadProbe
{
    /// <summary>poll and ppoll, by which the C library makes the system call.</summary>
    private static readonly int[] s_pollCalls =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? [7, 271] : [73];

    private volatile string? _thread;

    /// <summary>Called by the thread to watch.</summary>
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
