using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DmaBuf.Lab;

/// <summary>Looks after this process's terminal while a machine uses it.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly string _settings = Stty("-g");
    private readonly PosixSignalRegistration _resized;

    /// <summary>Saves the terminal's settings and reports its size whenever it changes.</summary>
    public Terminal(Action<string> sizeChanged) =>
        _resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => sizeChanged(Size()));

    /// <summary>Returns the terminal's rows and columns, as in "25 80".</summary>
    public static string Size() => Stty("size");

    /// <summary>Restores the terminal's settings, because QEMU does not restore them when it is killed.</summary>
    public void Dispose()
    {
        _resized.Dispose();
        Stty(_settings);
    }

    private static string Stty(string argument)
    {
        // stty works on the terminal that is its standard input, so it inherits this process's.
        var start = new ProcessStartInfo("stty", [argument]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return output;
    }
}
