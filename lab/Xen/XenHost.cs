namespace DmaBuf.Lab;

/// <summary>A running emulated Xen host. dom0 serves this computer's own files to its guests as well.</summary>
public sealed class XenHost : GuestHost
{
    /// <summary>The name of the control domain.</summary>
    public const string Dom0 = "dom0";

    private readonly XenHostOptions _options;

    private XenHost(XenHostOptions options, Machine dom0)
        : base(Dom0, options, dom0) =>
        _options = options;

    /// <inheritdoc/>
    public override string Description =>
        $"{MachineDescription}, {Prefix(_options.Dom0Type, " ")}dom0, guests: "
        + string.Join(", ", Guests.Select(guest =>
            $"{guest.Name} ({Prefix(guest.Type, ", ")}{guest.MemoryMiB} MiB)"));

    /// <summary>The guests that the host was started with.</summary>
    public IReadOnlyList<XenGuestOptions> Guests => _options.Guests;

    /// <summary>The grant device's driver that the domains booted with.</summary>
    public GrantDriver Driver => _options.Driver;

    /// <summary>Returns how Xen runs a domain.</summary>
    public XenGuestType TypeOf(string domain) =>
        domain == Dom0 ? _options.Dom0Type : Guests.First(guest => guest.Name == domain).Type;

    /// <summary>Whether a domain gets a dma-buf of references if it uses that driver.</summary>
    public bool MakesDmaBuf(string domain, GrantDriver driver) => _options.Architecture.HasXenGuestTypes
        ? driver == GrantDriver.Mmap && TypeOf(domain) == XenGuestType.Pvh
        : driver != GrantDriver.Distribution;

    /// <summary>Starts the host and its guests; returns when all of them are ready for commands.</summary>
    public static async Task<XenHost> StartAsync(
        XenHostOptions options, CancellationToken cancellationToken = default)
    {
        var architecture = options.Architecture;
        var packages = await XenPackages.GetAsync(architecture, options.Say, cancellationToken);
        var kernel = await Kernel.GetAsync(architecture, options.Say, cancellationToken);
        var driver = await GrantDrivers.GetAsync(kernel, options.Driver, options.Say, cancellationToken);
        var layer = await packages.Layer.GuestFilesAsync(
            ["usr/bin/xenstore-write"], options.GuestFiles, cancellationToken);
        var initramfs = await Initramfs.ForXenGuest(layer).GetAsync(kernel, packages.Layer, cancellationToken);
        foreach (var guest in options.Guests)
            GuestSettings.CheckMemory(guest, initramfs);
        var files = XenSettings.Files(options, packages, kernel, driver,
            await kernel.GetPayloadAsync(cancellationToken), initramfs);
        var qemu = architecture.HasXenGuestTypes ? await PatchedQemu.GetAsync(cancellationToken) : null;
        if (qemu is null && architecture.HasXenGuestTypes && options.HasPvhDomain)
            options.Say($"An emulated PVH domain may fail: {PatchedQemu.NotFound}.");
        var dom0 = await Machine.StartAsync(Dom0Options(options, qemu, packages), cancellationToken);
        var host = new XenHost(options, dom0);
        await host.SetUpAsync(files, "dom0", "Xen's daemons did not start", cancellationToken);
        return host;
    }

    private static MachineOptions Dom0Options(XenHostOptions options, string? qemu, XenPackages packages) => new()
    {
        Name = Dom0,
        Architecture = options.Architecture,
        MemoryMiB = Math.Max(
            options.Dom0MemoryMiB + options.Guests.Sum(guest => guest.MemoryMiB + XenSettings.OverheadMiB)
                + XenSettings.OverheadMiB,
            options.Architecture.LeastXenMemoryMiB),
        HugePages = 0,
        Modules = [],
        Qemu = qemu,
        Layer = packages.Layer,
        Xen = new XenBoot(
            packages, options.Dom0Type, options.Dom0MemoryMiB, options.GrantFrames, options.Dom0KernelParameters),
        SharedFolders = options.SharedFolders,
        Terminal = options.Terminal,
        StartLimit = options.StartLimit,
        Say = options.Say,
    };

    /// <summary>How Xen runs a domain, where there is a choice.</summary>
    private string Prefix(XenGuestType type, string separator) =>
        _options.Architecture.HasXenGuestTypes ? type.ToString().ToUpperInvariant() + separator : string.Empty;
}
