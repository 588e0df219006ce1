using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace DmaBuf.Lab;

/// <summary>Runs a program on this computer to its end and collects its output.</summary>
public static class HostCommand
{
    /// <summary>Runs the program and returns its exit code and output; 127 when there is no such program.</summary>
    public static async Task<HostResult> TryRunAsync(
        string program,
        IEnumerable<string> arguments,
        string? workingDirectory = null,
        CancellationToken cancellationToken = default)
    {
        using var process = new Process { StartInfo = StartInfo(program, arguments, workingDirectory) };
        var output = new StringBuilder();
        var error = new StringBuilder();
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(error, line.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return new HostResult(127, string.Empty, $"{program}: no such program");
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new HostResult(process.ExitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs the program and returns its output; throws when its exit code is not 0.</summary>
    public static async Task<string> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string? workingDirectory = null,
        CancellationToken cancellationToken = default)
    {
        var result = await TryRunAsync(program, arguments, workingDirectory, cancellationToken);
        return result.ExitCode == 0
            ? result.Output
            : throw new LabException($"{program} failed ({result.ExitCode}): {result.Error.Trim()}");
    }

    private static ProcessStartInfo StartInfo(string program, IEnumerable<string> arguments, string? directory) =>
        new(program, arguments)
        {
            WorkingDirectory = directory ?? string.Empty,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
            text.Append(line).Append('\n');
    }
}
