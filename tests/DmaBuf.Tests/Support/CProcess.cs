using System.Diagnostics;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>A running program, which is killed at the end of the test.</summary>
internal sealed class CProcess : IDisposable
{
    private readonly Process _process;

    public CProcess(string path, string[] arguments) =>
        _process = Process.Start(
            new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    /// <summary>Waits for the program to end and returns its output; fails if the program failed.</summary>
    public string[] Finish()
    {
        var output = _process.StandardOutput.ReadToEndAsync();
        var errors = _process.StandardError.ReadToEndAsync();
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(60)), "the program did not end");
        Assert.True(_process.ExitCode == 0, $"exit {_process.ExitCode}: {errors.Result}");
        return output.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Waits for the program to fail and returns its error output.</summary>
    public string FinishWithFailure()
    {
        var errors = _process.StandardError.ReadToEnd();
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(60)), "the program did not end");
        Assert.NotEqual(0, _process.ExitCode);
        return errors;
    }

    /// <summary>Waits for a line of output.</summary>
    public string? ReadLine() => _process.StandardOutput.ReadLine();

    public void Kill() => _process.Kill();

    /// <summary>Sends SIGINT, as Ctrl+C does.</summary>
    public void Interrupt() => Process.Start("sh", ["-c", $"kill -INT {_process.Id}"]).WaitForExit();

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
