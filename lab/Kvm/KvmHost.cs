namespace DmaBuf.Lab;

/// <summary>
/// A running KVM host: a machine whose own QEMU runs guests on its KVM. If the machine is emulated, so is the
/// processor's virtualisation that KVM uses.
/// </summary>
public sealed class KvmHost : GuestHost
{
    /// <summary>The name of the host among its guests.</summary>
    public const string Host = "host";

    /// <summary>The vsock context id of the first guest; those below belong to hosts.</summary>
    public const int FirstContextId = 3;

    private readonly KvmHostOptions _options;

    private KvmHost(KvmHostOptions options, Machine machine)
        : base(Host, options, machine) =>
        _options = options;

    /// <inheritdoc/>
    public override string Description =>
        $"KVM {MachineDescription}, guests: "
        + string.Join(", ", Guests.Select(guest => $"{guest.Name} ({guest.MemoryMiB} MiB)"));

    /// <summary>The guests that the host has.</summary>
    public IReadOnlyList<KvmGuestOptions> Guests => _options.Guests;

    /// <summary>Starts the host and its guests; returns when all of them are ready for commands.</summary>
    public static async Task<KvmHost> StartAsync(KvmHostOptions options, CancellationToken cancellationToken = default)
    {
        if (options.Architecture.IsForeign || !options.Architecture.RunsKvmGuests)
            throw new LabException("A KVM host has this computer's own architecture, and only x86-64 is supported.");
        var layer = await PackageLayer.GetSshAsync(options.Say, cancellationToken);
        var kernel = await Kernel.GetAsync(options.Architecture, options.Say, cancellationToken);
        var initramfs = await Initramfs
            .ForKvmGuest(await layer.GuestFilesAsync([], options.GuestFiles, cancellationToken))
            .GetAsync(kernel, layer, cancellationToken);
        foreach (var guest in options.Guests)
            GuestSettings.CheckMemory(guest, initramfs, guest.HugePages * KvmSettings.HugePageMiB);
        var files = KvmSettings.Files(
            options, kernel, await kernel.GetPayloadAsync(cancellationToken), initramfs);
        var machine = await Machine.StartAsync(
            MachineOptions(options, await PatchedQemu.GetAsync(cancellationToken), layer), cancellationToken);
        var host = new KvmHost(options, machine);
        await host.SetUpAsync(files, "kvm", "The guests did not start", cancellationToken);
        return host;
    }

    private static MachineOptions MachineOptions(KvmHostOptions options, string? qemu, PackageLayer layer) => new()
    {
        Name = Host,
        MemoryMiB = options.MemoryMiB + options.Guests.Sum(guest => guest.MemoryMiB + KvmSettings.OverheadMiB),
        HugePages = options.HugePages,
        Modules = options.Modules,
        Qemu = qemu,
        Layer = layer,
        RunsGuests = true,
        SharedFolders = options.SharedFolders,
        Terminal = options.Terminal,
        StartLimit = options.StartLimit,
        Say = options.Say,
    };
}
