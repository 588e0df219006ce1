using System.Collections.Concurrent;

namespace DmaBuf.Lab;

/// <summary>
/// Where apt finds packages for an architecture. For a foreign one, the lists and all else that apt writes are in the
/// cache, so that this computer's own apt knows nothing of it.
/// </summary>
internal static class AptSource
{
    private static readonly ConcurrentDictionary<MachineArchitecture, Lazy<Task<string[]>>> s_options = [];

    /// <summary>
    /// Returns apt's options for the architecture. The first call of a process for a foreign one updates the lists.
    /// </summary>
    public static Task<string[]> OptionsAsync(MachineArchitecture architecture, CancellationToken cancellationToken) =>
        architecture.IsForeign
            ? s_options.GetOrAdd(architecture, key => new(() => UpdateAsync(key))).Value.WaitAsync(cancellationToken)
            : Task.FromResult<string[]>([]);

    /// <summary>Runs an apt-get that downloads into a folder.</summary>
    /// <exception cref="NotAvailableException">It cannot.</exception>
    public static async Task RunAsync(
        IEnumerable<string> arguments, string? folder = null, CancellationToken cancellationToken = default)
    {
        var apt = await HostCommand.TryRunAsync("apt-get", arguments, folder, cancellationToken);
        if (apt.ExitCode != 0)
            throw new NotAvailableException($"apt-get failed ({apt.ExitCode}): {apt.Error.Trim()}");
    }

    private static async Task<string[]> UpdateAsync(MachineArchitecture architecture)
    {
        var folder = Path.Combine(CacheFolder.Root, "apt", architecture.DebianName);
        Directory.CreateDirectory(Path.Combine(folder, "lists/partial"));
        Directory.CreateDirectory(Path.Combine(folder, "cache/archives/partial"));
        string[] options =
        [
            "-oAPT::Architecture=" + architecture.DebianName,
            "-oAPT::Architectures=" + architecture.DebianName,
            $"-oDir::State::Lists={folder}/lists",
            $"-oDir::Cache={folder}/cache",
            // No package counts as installed.
            "-oDir::State::status=/dev/null",
            // Root's apt would fetch as a user who cannot write here.
            "-oAPT::Sandbox::User=" + Environment.UserName,
        ];
        using var held = await FileLock.AcquireAsync(Path.Combine(folder, "update.lock"));
        await RunAsync([.. options, "-q", "update"]);
        return options;
    }
}
