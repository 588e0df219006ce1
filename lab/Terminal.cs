using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DmaBuf.Lab;

/// <summary>This process's terminal while it is lent to a machine.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly string _settings = Stty("-g");
    private readonly PosixSignalRegistration _resized;

    /// <summary>Remembers the terminal's settings and reports its size whenever it changes.</summary>
    public Terminal(Action<string> sizeChanged) =>
        _resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => sizeChanged(Size()));

    /// <summary>The terminal's rows and columns, as in "25 80".</summary>
    public static string Size() => Stty("size");

    /// <summary>Gives the terminal its settings back; QEMU does so too, but not when it is killed.</summary>
    public void Dispose()
    {
        _resized.Dispose();
        Stty(_settings);
    }

    private static string Stty(string argument)
    {
        // The terminal that stty works on is its input, so that one is inherited.
        var start = new ProcessStartInfo("stty", [argument]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return output;
    }
}
