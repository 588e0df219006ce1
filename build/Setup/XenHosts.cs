using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>What the tasks want of an emulated Xen host.</summary>
internal static class XenHosts
{
    /// <summary>How the files of PowerShell's compiler for Add-Type begin: a fifth of all, and seldom used.</summary>
    private const string CompilerPrefix = "Microsoft.CodeAnalysis";

    private static readonly string[] s_kinds = ["*.dll", "*.so", "*.json"];

    /// <summary>This project's PowerShell and module in every domain.</summary>
    public static XenHostOptions Options => new()
    {
        PowerShell = Pwsh.Command ?? [],
        GuestFiles = PowerShellFiles(),
        ModuleFolder = Path.GetDirectoryName(Repository.Module),
        Say = Report.Note,
    };

    /// <summary>
    /// Reads guests as in <c>alice:pvh,bob:pv</c>. A third part stands for the kernel parameters that a guest has
    /// otherwise: <c>carol:pv:</c> has none.
    /// </summary>
    public static IReadOnlyList<XenGuestOptions> ParseGuests(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ParseGuest)];

    /// <summary>Reads the name of a driver.</summary>
    public static GrantDriver ParseDriver(string text) =>
        Enum.TryParse(text, ignoreCase: true, out GrantDriver driver)
            ? driver
            : throw new BuildException(
                $"-Driver wants {string.Join(", ", Enum.GetNames<GrantDriver>())}, not \"{text}\".");

    /// <summary>Reads how Xen runs dom0.</summary>
    public static XenGuestType ParseType(string text) =>
        Enum.TryParse(text, ignoreCase: true, out XenGuestType type)
            ? type
            : throw new BuildException($"-Dom0 wants pv or pvh, not \"{text}\".");

    /// <summary>The files beside pwsh; none where it is only a way to a PowerShell elsewhere, as a snap's is.</summary>
    private static string[] PowerShellFiles()
    {
        if (Pwsh.Command is not [.., string last])
            return [];
        string program = File.ResolveLinkTarget(last, returnFinalTarget: true)?.FullName ?? last;
        string folder = Path.GetDirectoryName(program)!;
        if (!File.Exists(Path.Combine(folder, "System.Management.Automation.dll")))
            return [];
        return
        [
            program,
            .. s_kinds.SelectMany(kind => Directory.EnumerateFiles(folder, kind)).Where(file =>
                File.Exists(file) && !Path.GetFileName(file).StartsWith(CompilerPrefix, StringComparison.Ordinal)),
        ];
    }

    private static XenGuestOptions ParseGuest(string text)
    {
        string[] words = text.Split(':', 3);
        if (words.Length < 2 || !Enum.TryParse(words[1], ignoreCase: true, out XenGuestType type))
            throw new BuildException($"-Guests wants NAME:pv or NAME:pvh, several with commas, not \"{text}\".");
        var guest = new XenGuestOptions { Name = words[0], Type = type };
        return words.Length == 3 ? guest with { KernelParameters = words[2] } : guest;
    }
}
