using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Opens a prompt in a KVM host or in one of its guests, or runs one command there.</summary>
internal static class KvmLabTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        Processor.Parse(arguments.TakeOption("Arch")).CheckRunsKvmGuests();
        var domain = arguments.TakeOption("Domain") ?? KvmHost.Host;
        var guest = new KvmGuestOptions
        {
            Name = string.Empty,
            MemoryMiB = arguments.TakeNumber("GuestMemory", 512),
            HugePages = arguments.TakeNumber("GuestHugePages", 8),
        };
        var names = (arguments.TakeOption("Guests") ?? "vm1").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var options = new KvmHostOptions
        {
            Guests = [.. names.Select(name => guest with { Name = name })],
            MemoryMiB = arguments.TakeNumber("Memory", 1024),
            HugePages = arguments.TakeNumber("HugePages", 8),
            Modules = [.. LabTask.Modules(arguments.TakeOption("Modules"))],
        };
        var command = LabTask.TakeCommand(arguments, "lab -Kvm");
        if (domain != KvmHost.Host && !names.Contains(domain))
            throw new BuildException($"There is no guest {domain}: -Guests names the guests, as in vm1,{domain}.");
        if (await MachineSetup.MissingForGuestsAsync(cancellationToken) is string missing)
            throw new BuildException($"The KVM host needs {missing}.");

        options = await GuestHosts.WithPowerShellAsync(
            options with { Terminal = command.Length == 0 }, cancellationToken);
        await using var host = await KvmHost.StartAsync(options, cancellationToken);
        return await LabTask.RunAsync(host, options, domain, command, cancellationToken);
    }
}
