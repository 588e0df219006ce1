using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Opens a prompt in a domain of an emulated Xen host, or runs one command there.</summary>
internal static class XenLabTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var processor = Processor.Parse(arguments.TakeOption("Arch"));
        var domain = arguments.TakeOption("Domain") ?? XenHost.Dom0;
        var options = new XenHostOptions
        {
            Guests = XenHosts.ParseGuests(arguments.TakeOption("Guests"), processor.Machine),
            Dom0Type = XenHosts.ParseType(arguments.TakeOption("Dom0"), processor.Machine),
            Driver = XenHosts.ParseDriver(arguments.TakeOption("Driver") ?? nameof(GrantDriver.Distribution)),
        };
        var command = LabTask.TakeCommand(arguments, "lab -Xen");
        if (domain != XenHost.Dom0 && options.Guests.All(guest => guest.Name != domain))
            throw new BuildException($"There is no domain {domain}: -Guests names the guests.");
        if (await MachineSetup.MissingForGuestsAsync(cancellationToken, processor) is string missing)
            throw new BuildException($"The Xen host needs {missing}.");
        if (await MachineSetup.MissingForDriverAsync(options.Driver, processor, cancellationToken) is string compiler)
            throw new BuildException($"The grant driver {options.Driver} needs {compiler}.");

        options = await GuestHosts.WithPowerShellAsync(
            options with { Terminal = command.Length == 0 }, processor, cancellationToken);
        await using var host = await XenHost.StartAsync(options, cancellationToken);
        return await LabTask.RunAsync(host, options, domain, command, cancellationToken);
    }
}
