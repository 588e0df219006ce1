using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>The options of an emulated Xen host, as the tasks need them.</summary>
internal static class XenHosts
{
    /// <summary>Returns options that provide PowerShell and the module in every domain.</summary>
    public static Task<XenHostOptions> OptionsAsync(CancellationToken cancellationToken) =>
        GuestHosts.WithPowerShellAsync(new XenHostOptions(), cancellationToken);

    /// <summary>
    /// Reads guests as in <c>alice:pvh,bob:pv</c>. A third part replaces the default kernel parameters:
    /// <c>carol:pv:</c> has none.
    /// </summary>
    public static IReadOnlyList<XenGuestOptions> ParseGuests(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ParseGuest)];

    /// <summary>Reads the name of a driver.</summary>
    public static GrantDriver ParseDriver(string text) =>
        Enum.TryParse(text, ignoreCase: true, out GrantDriver driver)
            ? driver
            : throw new BuildException(
                $"-Driver must be one of {string.Join(", ", Enum.GetNames<GrantDriver>())}, not \"{text}\".");

    /// <summary>Reads how Xen runs dom0.</summary>
    public static XenGuestType ParseType(string text) =>
        Enum.TryParse(text, ignoreCase: true, out XenGuestType type)
            ? type
            : throw new BuildException($"-Dom0 must be pv or pvh, not \"{text}\".");

    private static XenGuestOptions ParseGuest(string text)
    {
        var words = text.Split(':', 3);
        if (words.Length < 2 || !Enum.TryParse(words[1], ignoreCase: true, out XenGuestType type))
            throw new BuildException(
                $"-Guests must be NAME:pv or NAME:pvh, or several of these separated by commas, not \"{text}\".");
        var guest = new XenGuestOptions { Name = words[0], Type = type };
        return words.Length == 3 ? guest with { KernelParameters = words[2] } : guest;
    }
}
