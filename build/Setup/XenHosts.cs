using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>The options of an emulated Xen host, as the tasks need them.</summary>
internal static class XenHosts
{
    /// <summary>Returns options that provide PowerShell and the module in every domain.</summary>
    public static Task<XenHostOptions> OptionsAsync(Processor processor, CancellationToken cancellationToken) =>
        GuestHosts.WithPowerShellAsync(new XenHostOptions(), processor, cancellationToken);

    /// <summary>Returns the files of the grant device's drivers, between which tests switch in the guests.</summary>
    public static async Task<Dictionary<GrantDriver, string>> DriversAsync(
        Processor processor, CancellationToken cancellationToken)
    {
        var kernel = await Kernel.GetAsync(processor.Machine, Report.Note, cancellationToken);
        var files = new Dictionary<GrantDriver, string>();
        foreach (var driver in Enum.GetValues<GrantDriver>())
            files[driver] = await GrantDrivers.GetAsync(kernel, driver, Report.Note, cancellationToken);
        return files;
    }

    /// <summary>Returns the variables that name the drivers' files to the suites.</summary>
    public static Dictionary<string, string> DriverVariables(Dictionary<GrantDriver, string> files) =>
        files.ToDictionary(pair => $"DMABUFPS_DRIVER_{pair.Key.ToString().ToUpperInvariant()}", pair => pair.Value);

    /// <summary>
    /// Reads guests as in <c>alice:pvh,bob:pv</c>, and where Xen has one type of guest, as in <c>alice,bob</c>. A
    /// further part replaces the default kernel parameters: <c>carol:pv:</c> has none. Without guests, returns alice.
    /// </summary>
    public static IReadOnlyList<XenGuestOptions> ParseGuests(string? text, MachineArchitecture architecture)
    {
        var guests = text?.Split(',', StringSplitOptions.RemoveEmptyEntries)
            ?? [architecture.HasXenGuestTypes ? "alice:pv" : "alice"];
        return [.. guests.Select(guest => architecture.HasXenGuestTypes
            ? ParseGuest(guest)
            : ParseGuestWithoutType(guest, architecture))];
    }

    /// <summary>Reads the name of a driver.</summary>
    public static GrantDriver ParseDriver(string text) =>
        Enum.TryParse(text, ignoreCase: true, out GrantDriver driver)
            ? driver
            : throw new BuildException(
                $"-Driver must be one of {string.Join(", ", Enum.GetNames<GrantDriver>())}, not \"{text}\".");

    /// <summary>Reads how Xen runs dom0.</summary>
    public static XenGuestType ParseType(string? text, MachineArchitecture architecture)
    {
        if (text is null)
            return architecture.HasXenGuestTypes ? XenGuestType.Pv : XenGuestType.Pvh;
        if (!architecture.HasXenGuestTypes)
            throw new BuildException($"-Dom0 is not an option on {architecture}, where Xen has one type of domain.");
        return Enum.TryParse(text, ignoreCase: true, out XenGuestType type)
            ? type
            : throw new BuildException($"-Dom0 must be pv or pvh, not \"{text}\".");
    }

    private static XenGuestOptions ParseGuestWithoutType(string text, MachineArchitecture architecture)
    {
        var words = text.Split(':', 2);
        if (words.Length == 2 && Enum.TryParse(words[1].Split(':')[0], ignoreCase: true, out XenGuestType _))
            throw new BuildException(
                $"Xen on {architecture} has one type of guest, so -Guests takes names alone, as in alice,bob,"
                + $" not \"{text}\".");
        return new XenGuestOptions { Name = words[0], KernelParameters = words.Length == 2 ? words[1] : string.Empty };
    }

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
