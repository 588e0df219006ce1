using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Shows the main job on an emulated Xen host: a guest shares a buffer with dom0, without a copy. The cmdlets do it
/// where there is PowerShell, otherwise the peer program. With -Channel, three buffers go round over vchan; with
/// -Video, a camera's frames go to dom0, which makes a picture of the first. The last line is for programs that read
/// the output.
/// </summary>
internal static class DemoTask
{
    private const string Guest = "alice";
    private static readonly string s_folder = Repository.At("out", "demo");

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var byPeer = arguments.TakeSwitch("Peer");
        var isVideo = arguments.TakeSwitch("Video");
        var script = isVideo ? "video.sh" : arguments.TakeSwitch("Channel") ? "channel.sh" : "demo.sh";
        var driver = XenHosts.ParseDriver(arguments.TakeOption("Driver") ?? nameof(GrantDriver.Distribution));
        arguments.Finish();
        await BuildTask.EnsureBuiltAsync(cancellationToken);
        if (await MachineSetup.MissingForGuestsAsync(cancellationToken) is string missing)
            throw new BuildException($"The demonstration runs on an emulated Xen host, which needs {missing}.");
        await Pwsh.EnsureAsync(cancellationToken);
        if (Pwsh.Home is null)
            Report.LeaveOut("the cmdlets (no PowerShell here)");
        Report.LeftOut();

        var options = await XenHosts.OptionsAsync(cancellationToken) with
        {
            Guests = [new XenGuestOptions { Name = Guest, Type = XenGuestType.Pv }],
            Driver = driver,
            SharedFolders = isVideo ? [s_folder] : [],
        };
        if (isVideo)
            Directory.CreateDirectory(s_folder);
        await using var host = await XenHost.StartAsync(options, cancellationToken);
        Report.Note(host.Description);
        string[] picture = isVideo ? [Path.Combine(s_folder, "camera.png")] : [];
        var pwsh = byPeer ? [] : Pwsh.Command ?? [];
        var command = new GuestCommand(
            "sh", [Repository.At("lab", "demo", script), .. picture, Guest, PeerProgram.Path, .. pwsh]);
        return await host.RunAsync(
            XenHost.Dom0, command, StandardStreams.Output, StandardStreams.Error, null, cancellationToken);
    }
}
