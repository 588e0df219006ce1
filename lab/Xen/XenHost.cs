using System.Text;

namespace DmaBuf.Lab;

/// <summary>
/// A running emulated Xen host. dom0 is a <see cref="Machine"/> on this computer's own files, which it serves to its
/// guests as well. All domains share one network, know each other by name and accept each other's ssh connections.
/// </summary>
public sealed class XenHost : IAsyncDisposable
{
    /// <summary>The name of the control domain.</summary>
    public const string Dom0 = "dom0";

    private readonly XenHostOptions _options;
    private readonly Machine _dom0;

    private XenHost(XenHostOptions options, Machine dom0)
    {
        _options = options;
        _dom0 = dom0;
    }

    /// <summary>The host in a few words.</summary>
    public string Description =>
        $"{_dom0.Description}, {Name(_options.Dom0Type)} dom0, guests: "
        + string.Join(", ", Guests.Select(guest => $"{guest.Name} ({Name(guest.Type)}, {guest.MemoryMiB} MiB)"));

    /// <summary>The guests that the host was started with.</summary>
    public IReadOnlyList<XenGuestOptions> Guests => _options.Guests;

    /// <summary>The grant device's driver that the domains booted with.</summary>
    public GrantDriver Driver => _options.Driver;

    /// <summary>Returns how Xen runs a domain.</summary>
    public XenGuestType TypeOf(string domain) =>
        domain == Dom0 ? _options.Dom0Type : Guests.First(guest => guest.Name == domain).Type;

    /// <summary>Starts the host and its guests; returns when all of them are ready for commands.</summary>
    public static async Task<XenHost> StartAsync(
        XenHostOptions options, CancellationToken cancellationToken = default)
    {
        var packages = await XenPackages.GetAsync(options.Say, cancellationToken);
        var kernel = await Kernel.GetAsync(options.Say, cancellationToken);
        var driver = await GrantDrivers.GetAsync(kernel, options.Driver, options.Say, cancellationToken);
        var initramfs = await Initramfs
            .ForGuest(await packages.GuestFilesAsync(options.GuestFiles, cancellationToken))
            .GetAsync(kernel, cancellationToken);
        XenSettings.CheckMemory(options, initramfs);
        var files = XenSettings.Files(options, packages, kernel, driver,
            await kernel.GetPayloadAsync(cancellationToken), initramfs);
        var qemu = await PatchedQemu.GetAsync(cancellationToken);
        if (qemu is null && options.HasPvhDomain)
            options.Say($"An emulated PVH domain may fail: {PatchedQemu.NotFound}.");
        var dom0 = await Machine.StartAsync(
            Dom0Options(options, qemu ?? QemuProcess.Program, packages), cancellationToken);
        var host = new XenHost(options, dom0);
        try
        {
            foreach (var (name, content) in files)
                dom0.WriteSharedFile(name, content);
            options.Say(await host.CheckedAsync("dom0", "Xen's daemons did not start", cancellationToken));
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a program in a domain; see <see cref="Machine.RunAsync"/>.</summary>
    public Task<int> RunAsync(
        string domain,
        GuestCommand command,
        Stream output,
        Stream error,
        Stream? input = null,
        CancellationToken cancellationToken = default) =>
        _dom0.RunAsync(In(domain, command.For(output, error)), output, error, input, cancellationToken);

    /// <summary>Runs a program in a domain, at this process's terminal.</summary>
    public Task<int> RunInTerminalAsync(
        string domain, GuestCommand command, CancellationToken cancellationToken = default) =>
        _dom0.RunInTerminalAsync(In(domain, command, "-t"), cancellationToken);

    /// <summary>Ends the host and all its domains.</summary>
    public ValueTask DisposeAsync() => _dom0.DisposeAsync();

    private static MachineOptions Dom0Options(XenHostOptions options, string qemu, XenPackages packages) => new()
    {
        Name = Dom0,
        MemoryMiB = options.Dom0MemoryMiB + options.Guests.Sum(guest => guest.MemoryMiB + XenSettings.OverheadMiB)
            + XenSettings.OverheadMiB,
        HugePages = 0,
        Modules = [],
        Xen = new XenBoot(
            qemu, packages, options.Dom0Type, options.Dom0MemoryMiB, options.GrantFrames, options.Dom0KernelParameters),
        SharedFolders = options.SharedFolders,
        Terminal = options.Terminal,
        StartLimit = options.StartLimit,
        Say = options.Say,
    };

    /// <summary>Returns the command that runs a command in a domain; guests are reached by ssh.</summary>
    private static GuestCommand In(string domain, GuestCommand command, params string[] options) =>
        domain == Dom0 ? command : new GuestCommand("ssh", [.. options, domain, command.ToScript()]);

    /// <summary>Runs one of dom0's scripts and returns its output; throws when it fails.</summary>
    private async Task<string> CheckedAsync(string script, string failure, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.StartLimit);
        int code;
        try
        {
            code = await _dom0.RunAsync(
                new GuestCommand("sh", "-c", "sh /run/lab/jobs/" + script), output, error, null, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LabException(
                $"{failure} within {_options.StartLimit.TotalMinutes} minutes.\n{Text(output)}{Text(error)}");
        }

        if (code != 0)
            throw new LabException($"{failure} ({code}).\n{Text(output)}{Text(error)}");
        return Text(output).Trim();
    }

    private static string Text(MemoryStream stream) => Encoding.UTF8.GetString(stream.ToArray());

    private static string Name(XenGuestType type) => type.ToString().ToUpperInvariant();
}
