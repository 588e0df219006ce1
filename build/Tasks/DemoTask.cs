using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Shows the main job on an emulated host: a guest shares a buffer with it, without a copy. On Xen, the host is dom0:
/// with -Channel, three buffers go round over vchan; with -Video, a camera's frames go to dom0, which makes a picture
/// of the first. With -Kvm, the guest is one of KVM. With -Arch, the host has another processor. The cmdlets do it
/// where there is PowerShell, otherwise, or with -Peer, the peer program. The last line is for programs that read the
/// output.
/// </summary>
internal static class DemoTask
{
    private const string XenGuest = "alice";
    private const string KvmGuest = "vm1";
    private static readonly string s_folder = Repository.At("out", "demo");

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var byPeer = arguments.TakeSwitch("Peer");
        var isKvm = arguments.TakeSwitch("Kvm");
        var isVideo = !isKvm && arguments.TakeSwitch("Video");
        var isChannel = !isKvm && arguments.TakeSwitch("Channel");
        var processor = Processor.Parse(arguments.TakeOption("Arch"));
        var driver = DriverFor(processor, isKvm ? null : arguments.TakeOption("Driver"));
        arguments.Finish();
        if (isKvm)
            processor.CheckRunsKvmGuests();
        await BuildTask.EnsureBuiltAsync(cancellationToken);
        if (await MissingAsync(driver, processor, cancellationToken) is string missing)
            throw new BuildException($"The demonstration runs on an emulated host, which needs {missing}.");
        if (!processor.IsOwn && !await PeerProgram.UpdateAsync(processor, cancellationToken) && byPeer)
        {
            Report.LeftOut();
            throw new BuildException($"The demonstration needs dmabuf-peer for {processor.Name}.");
        }

        GuestHostOptions options = isKvm
            ? await GuestHosts.WithPowerShellAsync(new KvmHostOptions(), cancellationToken)
            : await XenOptionsAsync(processor, driver, isVideo, byPeer, cancellationToken);
        var pwsh = byPeer ? [] : options.PowerShell;
        if (pwsh.Count == 0 && !byPeer)
            Report.LeaveOut("the cmdlets (no PowerShell here)");
        Report.LeftOut();

        string[] words = (isKvm, isVideo, isChannel) switch
        {
            (true, _, _) => ["kvm.sh", KvmGuest, $"{KvmHost.FirstContextId}"],
            (_, true, _) => ["video.sh", Path.Combine(s_folder, "camera.png"), XenGuest],
            (_, _, true) => ["channel.sh", XenGuest],
            _ => ["demo.sh", XenGuest],
        };
        var command = new GuestCommand(
            "sh",
            [Repository.At("lab", "demo", words[0]), .. words[1..], PeerProgram.PathFor(processor), .. pwsh]);
        await using GuestHost host = options is XenHostOptions xenOptions
            ? await XenHost.StartAsync(xenOptions, cancellationToken)
            : await KvmHost.StartAsync((KvmHostOptions)options, cancellationToken);
        Report.Note(host.Description);
        return await host.RunAsync(
            host.HostName, command, StandardStreams.Output, StandardStreams.Error, null, cancellationToken);
    }

    /// <summary>The driver of that name; by default, on Arm64, the one by which dom0 gets a dma-buf.</summary>
    private static GrantDriver DriverFor(Processor processor, string? name) =>
        XenHosts.ParseDriver(name ?? (processor.Machine.HasXenGuestTypes
            ? nameof(GrantDriver.Distribution)
            : nameof(GrantDriver.Stock)));

    private static async Task<string?> MissingAsync(
        GrantDriver driver, Processor processor, CancellationToken cancellationToken) =>
        await MachineSetup.MissingForGuestsAsync(cancellationToken, processor)
        ?? await MachineSetup.MissingForDriverAsync(driver, processor, cancellationToken);

    private static async Task<XenHostOptions> XenOptionsAsync(
        Processor processor, GrantDriver driver, bool isVideo, bool byPeer, CancellationToken cancellationToken)
    {
        if (isVideo)
            Directory.CreateDirectory(s_folder);
        // Another processor's PowerShell is made first, which takes a minute.
        var options = byPeer && !processor.IsOwn
            ? new XenHostOptions { Architecture = processor.Machine, Say = Report.Note }
            : await XenHosts.OptionsAsync(processor, cancellationToken);
        return options with
        {
            Guests = XenHosts.ParseGuests(null, processor.Machine),
            Driver = driver,
            SharedFolders = isVideo ? [s_folder] : [],
        };
    }
}
