namespace DmaBuf.Lab;

/// <summary>
/// Makes the files that the scripts of all hosts read: the names and addresses on the host's network, and what sshd
/// needs there.
/// </summary>
internal static class GuestSettings
{
    /// <summary>The script that sshd starts for a remote session of PowerShell.</summary>
    private const string RemoteShell = "remote-powershell";

    private const string Network = "10.95.0.";

    /// <summary>The host's address.</summary>
    public const string HostAddress = Network + "1";

    /// <summary>Returns the address of the guest with that number, counted from 0.</summary>
    public static string Address(int guest) => $"{Network}{guest + 2}";

    /// <summary>
    /// Checks that a guest's memory is sufficient. While it unpacks its initial ramdisk, it holds it twice, in addition
    /// to the kernel and the kernel's reserves.
    /// </summary>
    /// <exception cref="LabException">The guest has too little memory.</exception>
    public static void CheckMemory(GuestOptions guest, string initramfs, int reservedMiB = 0)
    {
        const long Mebi = 1 << 20;
        const long KernelMiB = 128;
        var least = (2 * new FileInfo(initramfs).Length / Mebi) + KernelMiB + reservedMiB;
        if (guest.MemoryMiB < least)
        {
            throw new LabException(
                $"{guest.Name} has {guest.MemoryMiB} MiB and needs {least} MiB to unpack its initial ramdisk: give it"
                + " more memory or fewer files.");
        }
    }

    /// <summary>Returns the contents of the scripts and of the files that all hosts have, by their names.</summary>
    public static Dictionary<string, string> Files(
        string host, GuestHostOptions options, IEnumerable<GuestOptions> guests, IEnumerable<string> scripts)
    {
        var files = scripts.ToDictionary(name => name, Initramfs.ScriptText);
        files["hosts"] = Lines(
        [
            "127.0.0.1 localhost", $"{HostAddress} {host}",
            .. guests.Select((guest, number) => $"{Address(number)} {guest.Name}"),
        ]);
        files["sshd_config"] = SshdConfig(options);
        files[RemoteShell] = Lines(
            $"exec {string.Join(' ', options.PowerShell.Select(GuestCommand.Quote))} -sshs -NoLogo -NoProfile");
        return files;
    }

    /// <summary>Joins lines to a file's content.</summary>
    public static string Lines(params string[] lines) => string.Concat(lines.Select(line => line + "\n"));

    private static string SshdConfig(GuestHostOptions options)
    {
        var lines = new List<string>
        {
            "HostKey /etc/lab/host_key",
            "AuthorizedKeysFile /etc/lab/user_key.pub",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "UseDNS no",
            "MaxSessions 100",
        };
        var variables = new GuestCommand(string.Empty).Variables;
        var kept = variables
            .Where(variable => variable.Key is "PATH" or "LANG"
                || variable.Key.StartsWith("DOTNET_", StringComparison.Ordinal)
                || variable.Key.StartsWith("POWERSHELL_", StringComparison.Ordinal))
            .Concat(options.Variables)
            .Select(variable => $"{variable.Key}={variable.Value}");
        string[] module = options.ModuleFolder is null ? [] : ["PSModulePath=" + options.ModuleFolder];
        lines.Add("SetEnv " + string.Join(' ', kept.Concat(module).Select(Quote)));
        if (options.PowerShell.Count > 0)
            lines.Add($"Subsystem powershell sh /run/lab/jobs/{RemoteShell}");
        return Lines([.. lines]);
    }

    /// <summary>Quotes a word for sshd's configuration.</summary>
    private static string Quote(string word) =>
        $"\"{word.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
