using System.Diagnostics;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>Waits for an effect of the kernel or of another thread that nothing reports.</summary>
internal static class Eventually
{
    /// <summary>Long enough for a loaded or emulated machine; only a failing test waits that long.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static void True(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Limit, $"Timed out waiting until {what}.");
            Thread.Sleep(1);
        }
    }
}
