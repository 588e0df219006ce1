using System.Runtime.InteropServices;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>The .NET installation that runs this program.</summary>
internal static class DotNet
{
    private static readonly TimeSpan s_networkLimit = TimeSpan.FromMinutes(5);

    /// <summary>The folder of the runtime's assemblies.</summary>
    public static string Framework { get; } = RuntimeEnvironment.GetRuntimeDirectory().TrimEnd('/');

    /// <summary>The folder with the program <c>dotnet</c>, above <c>shared/Microsoft.NETCore.App/VERSION</c>.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Framework, "../../.."));

    /// <summary>The program <c>dotnet</c>.</summary>
    public static string Program { get; } = Path.Combine(Root, "dotnet");

    /// <summary>The runtime's version, such as 10.0.12.</summary>
    public static string Version { get; } = Environment.Version.ToString(3);

    /// <summary>Whether a file is a program for this processor that the user may execute.</summary>
    public static bool CanRun(string program)
    {
        const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        if (!File.Exists(program) || (File.GetUnixFileMode(program) & Execute) == 0)
            return false;
        // A script runs on any processor. In an ELF file, e_machine is the 16-bit word at byte 18; see elf(5).
        using var file = File.OpenRead(program);
        Span<byte> header = stackalloc byte[20];
        var length = file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (length < header.Length || !header.StartsWith("\u007fELF"u8))
            return true;
        var machine = header[18] | (header[19] << 8);
        return machine == (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? 183 : 62);
    }

    /// <summary>
    /// Restores a project of build/Packages and returns one of its properties. If the package is not available, throws
    /// with NuGet's own error message.
    /// </summary>
    public static async Task<string> RestoreAsync(
        string project, string property, CancellationToken cancellationToken, params string[] settings)
    {
        // Without a target such as GetTargetPath, MSBuild would read the property before the restore.
        string[] words =
        [
            "msbuild", Repository.At("build", "Packages", project), "-restore", "-target:GetTargetPath",
            "-getProperty:" + property, "-nologo", .. settings,
        ];
        var restore = await RunAsync(words, Repository.At("build", "Packages", project), cancellationToken);
        return restore.ExitCode == 0
            ? restore.Output.Trim()
            : throw new BuildException(FirstError(restore.Output + restore.Error));
    }

    /// <summary>Runs <c>dotnet</c> in a folder; fails after five minutes, in case the network hangs.</summary>
    public static async Task<HostResult> RunAsync(
        IReadOnlyList<string> words, string folder, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_networkLimit);
        try
        {
            return await HostCommand.TryRunAsync(Program, words, folder, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var message = $"dotnet {words[0]} took longer than {s_networkLimit.TotalMinutes} minutes";
            return new HostResult(1, string.Empty, message);
        }
    }

    /// <summary>Whether NuGet could not reach its registry, or found no such package or version there.</summary>
    public static bool LacksPackage(string output) =>
        output.Contains("error NU1301", StringComparison.Ordinal)
        || output.Contains("error NU1101", StringComparison.Ordinal)
        || output.Contains("error NU1102", StringComparison.Ordinal);

    /// <summary>The first line that names an error, without its position in a project file.</summary>
    public static string FirstError(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string line = lines.FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase))
            ?? lines.FirstOrDefault()
            ?? "no reason given";
        var at = line.IndexOf("error ", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? line : line[(at + "error ".Length)..];
    }
}
