using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Shows the main job on an emulated host: a guest shares a buffer with it, without a copy. On Xen, the host is dom0:
/// with -Channel, three buffers go round over vchan; with -Video, a camera's frames go to dom0, which makes a picture
/// of the first. With -Kvm, the guest is one of KVM. The cmdlets do it where there is PowerShell, otherwise, or with
/// -Peer, the peer program. The last line is for programs that read the output.
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
        var driver = isKvm ? null : arguments.TakeOption("Driver");
        arguments.Finish();
        await BuildTask.EnsureBuiltAsync(cancellationToken);
        if (await MachineSetup.MissingForGuestsAsync(cancellationToken) is string missing)
            throw new BuildException($"The demonstration runs on an emulated host, which needs {missing}.");
        await Pwsh.EnsureAsync(cancellationToken);
        if (Pwsh.Home is null)
            Report.LeaveOut("the cmdlets (no PowerShell here)");
        Report.LeftOut();

        string[] words = (isKvm, isVideo, isChannel) switch
        {
            (true, _, _) => ["kvm.sh", KvmGuest, $"{KvmHost.FirstContextId}"],
            (_, true, _) => ["video.sh", Path.Combine(s_folder, "camera.png"), XenGuest],
            (_, _, true) => ["channel.sh", XenGuest],
            _ => ["demo.sh", XenGuest],
        };
        var pwsh = byPeer ? [] : Pwsh.Command ?? [];
        var command = new GuestCommand(
            "sh", [Repository.At("lab", "demo", words[0]), .. words[1..], PeerProgram.Path, .. pwsh]);
        await using GuestHost host = isKvm
            ? await KvmHost.StartAsync(
                await GuestHosts.WithPowerShellAsync(new KvmHostOptions(), cancellationToken), cancellationToken)
            : await XenHost.StartAsync(await XenOptionsAsync(driver, isVideo, cancellationToken), cancellationToken);
        Report.Note(host.Description);
        return await host.RunAsync(
            host.HostName, command, StandardStreams.Output, StandardStreams.Error, null, cancellationToken);
    }

    private static async Task<XenHostOptions> XenOptionsAsync(
        string? driver, bool isVideo, CancellationToken cancellationToken)
    {
        if (isVideo)
            Directory.CreateDirectory(s_folder);
        return await XenHosts.OptionsAsync(MachineArchitecture.OfThisComputer, cancellationToken) with
        {
            Guests = [new XenGuestOptions { Name = XenGuest, Type = XenGuestType.Pv }],
            Driver = XenHosts.ParseDriver(driver ?? nameof(GrantDriver.Distribution)),
            SharedFolders = isVideo ? [s_folder] : [],
        };
    }
}
