using System.Diagnostics;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs the tests between domains on emulated Xen hosts: the cmdlets where there is PowerShell, and dmabuf-peer.
/// </summary>
internal sealed class XenTests(TestRunner runner, TestTally tally)
{
    private static readonly string s_folder = Repository.At("tests", "Lab");

    /// <summary>The guests of every test but those of dom0's bounce buffers.</summary>
    private static readonly XenGuestOptions[] s_guests =
    [
        new() { Name = "alice", Type = XenGuestType.Pvh },
        new() { Name = "bob", Type = XenGuestType.Pv },
    ];

    /// <summary>
    /// The guest of the short run. An emulated processor can lose a PVH guest at any time, and a PV guest never.
    /// </summary>
    private static readonly XenGuestOptions[] s_steadyGuests = [new() { Name = "bob", Type = XenGuestType.Pv }];

    /// <summary>A PV guest whose kernel grants the wrong pages; a test destroys it.</summary>
    private static readonly XenGuestOptions s_unfit =
        new() { Name = "carol", Type = XenGuestType.Pv, KernelParameters = string.Empty };

    /// <summary>
    /// The short run: dmabuf-peer between dom0 and a PV guest, on the distribution's own modules. Or says what is missing.
    /// </summary>
    public async Task RunShortAsync(CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingForXenAsync(cancellationToken) is string missing)
            Report.LeaveOut($"the tests between Xen domains (they need {missing})");
        else if (!File.Exists(PeerProgram.Path))
            Report.LeaveOut("the tests between Xen domains (dmabuf-peer was not built)");
        else
        {
            Report.LeaveOut("the cmdlets between Xen domains, with PVH guests and other grant drivers (./build.sh test -XenOnly)");
            await RunHostAsync("xen", s_steadyGuests, GrantDriver.Distribution, string.Empty, (host, place) =>
                new PeerHandOffs(host, s_steadyGuests).RunAsync(tally, place.Name, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Runs all, or says what is missing for it.</summary>
    public async Task RunAsync(bool withPester, CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingForXenAsync(cancellationToken) is string missing)
        {
            Report.LeaveOut($"the tests between Xen domains (they need {missing})");
            return;
        }

        if (!withPester)
            Report.LeaveOut($"the tests of the cmdlets between Xen domains ({Pwsh.WantOf(PowerShellModules.Pester)})");
        if (!File.Exists(PeerProgram.Path))
            Report.LeaveOut("the tests of dmabuf-peer between Xen domains (it was not built)");
        else if (!withPester)
            await RunHostAsync("xen", s_guests, GrantDriver.Mmap, string.Empty, RunPeersAsync, cancellationToken);
        if (!withPester)
            return;

        await SetDriversAsync(cancellationToken);
        await RunHostAsync("xen", [.. s_guests, s_unfit], GrantDriver.Mmap, string.Empty, async (host, place) =>
        {
            if (File.Exists(PeerProgram.Path))
                await RunPeersAsync(host, place);
            await runner.RunAsync(new PesterSuite("Lab", s_folder), place, cancellationToken);
        }, cancellationToken);
        await RunHostAsync("xen-bounce", [s_guests[0]], GrantDriver.Mmap, "swiotlb=force", (_, place) =>
            runner.RunAsync(new PesterSuite("Bounce", Path.Combine(s_folder, "Bounce")), place, cancellationToken),
            cancellationToken);

        Task RunPeersAsync(XenHost host, TestPlace place) =>
            new PeerHandOffs(host, s_guests).RunAsync(tally, place.Name, cancellationToken);
    }

    /// <summary>Tells the suites where the grant device's drivers are: they change them as they go.</summary>
    private static async Task SetDriversAsync(CancellationToken cancellationToken)
    {
        Kernel kernel = await Kernel.GetAsync(Report.Note, cancellationToken);
        foreach (GrantDriver driver in Enum.GetValues<GrantDriver>())
        {
            Environment.SetEnvironmentVariable(
                $"DMABUFPS_DRIVER_{driver.ToString().ToUpperInvariant()}",
                await GrantDrivers.GetAsync(kernel, driver, Report.Note, cancellationToken));
        }
    }

    private async Task RunHostAsync(
        string name,
        XenGuestOptions[] guests,
        GrantDriver driver,
        string dom0Parameters,
        Func<XenHost, TestPlace, Task> work,
        CancellationToken cancellationToken)
    {
        XenHostOptions options = XenHosts.Options with
        {
            Guests = guests,
            Driver = driver,
            Dom0KernelParameters = dom0Parameters,
            SharedFolders = [TestRunner.ResultFolder],
        };
        var time = Stopwatch.StartNew();
        try
        {
            await using XenHost host = await XenHost.StartAsync(options, cancellationToken);
            Report.Note(host.Description);
            await work(host, new TestPlace(name, (words, stop) => host.RunAsync(
                XenHost.Dom0,
                new GuestCommand(words[0], words[1..]),
                Console.OpenStandardOutput(),
                Console.OpenStandardError(),
                null,
                stop)));
        }
        catch (LabException failure)
        {
            var outcome = new TestOutcome("it starts", TestStatus.Failed, failure.Message);
            tally.Add("boot", name, [outcome], time.Elapsed);
        }
    }
}
