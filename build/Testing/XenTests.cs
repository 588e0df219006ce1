using System.Diagnostics;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs the tests between domains on emulated Xen hosts: the cmdlets where there is PowerShell, and dmabuf-peer.
/// </summary>
internal sealed class XenTests(TestRunner runner, TestTally tally)
{
    private static readonly string s_folder = Repository.At("tests", "Lab");

    private static readonly XenGuestOptions s_alice = new() { Name = "alice", Type = XenGuestType.Pv };
    private static readonly XenGuestOptions s_bob = new() { Name = "bob", Type = XenGuestType.Pvh };

    /// <summary>A PV guest whose kernel grants the wrong pages; a test destroys it.</summary>
    private static readonly XenGuestOptions s_unfit = s_alice with { Name = "carol", KernelParameters = string.Empty };

    /// <summary>Runs the suites, or says what is missing for them.</summary>
    /// <param name="withPester">Whether there is Pester, for the cmdlets.</param>
    /// <param name="cancellationToken">Ends the tests.</param>
    public async Task RunAsync(bool withPester, CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingForXenAsync(cancellationToken) is string missing)
        {
            Report.LeaveOut($"the tests between Xen domains (they need {missing})");
            return;
        }

        bool withPeers = File.Exists(PeerProgram.Path);
        if (!withPeers)
            Report.LeaveOut("the tests of dmabuf-peer between Xen domains (it was not built)");
        Dictionary<GrantDriver, string> drivers = await DriversAsync(cancellationToken);
        if (!withPester)
            Report.LeaveOut($"the tests of the cmdlets between Xen domains ({Pwsh.WantOf(PowerShellModules.Pester)})");

        if (withPeers || withPester)
        {
            await RunHostAsync("xen-plain", Host(GrantDriver.Distribution, s_bob with { Type = XenGuestType.Pv }), async (host, place) =>
            {
                // The driver it booted with comes last: the cmdlets are to have it.
                await RunPeersAsync(host, place, GrantDriver.Stock, GrantDriver.Mmap, GrantDriver.Distribution);
                await RunCmdletsAsync("Plain", "Plain", place);
            }, cancellationToken);

            // dave, a PV guest, is there for dmabuf-peer: references between him and a PVH dom0.
            XenHostOptions pvh = Host(GrantDriver.Mmap, s_alice with { Type = XenGuestType.Pvh }, s_bob, s_alice with { Name = "dave" })
                with { Dom0Type = XenGuestType.Pvh };
            await RunHostAsync("xen-pvh", pvh, async (host, place) =>
            {
                await RunPeersAsync(host, place, GrantDriver.Mmap);
                await RunCmdletsAsync("Sharing", "Sharing.Tests.ps1", place);
            }, cancellationToken);
        }

        if (withPester)
        {
            XenHostOptions bounce = Host(GrantDriver.Stock, s_alice) with { Dom0KernelParameters = "swiotlb=force" };
            await RunHostAsync("xen-bounce", bounce, (_, place) => RunCmdletsAsync("Bounce", "Bounce", place), cancellationToken);
            await RunHostAsync(
                "xen",
                Host(GrantDriver.Mmap, s_alice, s_bob, s_unfit),
                // It takes ten minutes on two processors.
                (_, place) => RunCmdletsAsync("cmdlets", string.Empty, place, minutes: 30),
                cancellationToken);
        }

        async Task RunPeersAsync(XenHost host, TestPlace place, params GrantDriver[] inGuests)
        {
            foreach (GrantDriver driver in withPeers ? inGuests : [])
            {
                var handOffs = new PeerHandOffs(host, driver, drivers[driver]);
                await runner.RunAsync(PeerHandOffs.Suite, place, handOffs.RunAsync, cancellationToken);
            }
        }

        // All of a folder in one PowerShell, which keeps its sessions in the guests.
        async Task RunCmdletsAsync(string name, string path, TestPlace place, int minutes = 15)
        {
            if (withPester)
                await runner.RunAsync(new PesterSuite(name, Path.Combine(s_folder, path), minutes), place, cancellationToken);
        }
    }

    /// <summary>The files of the grant device's drivers, which tests exchange in the guests; the suites are told of them.</summary>
    private static async Task<Dictionary<GrantDriver, string>> DriversAsync(CancellationToken cancellationToken)
    {
        Kernel kernel = await Kernel.GetAsync(Report.Note, cancellationToken);
        var files = new Dictionary<GrantDriver, string>();
        foreach (GrantDriver driver in Enum.GetValues<GrantDriver>())
        {
            files[driver] = await GrantDrivers.GetAsync(kernel, driver, Report.Note, cancellationToken);
            Environment.SetEnvironmentVariable($"DMABUFPS_DRIVER_{driver.ToString().ToUpperInvariant()}", files[driver]);
        }

        return files;
    }

    private static XenHostOptions Host(GrantDriver driver, params XenGuestOptions[] guests) =>
        XenHosts.Options with { Driver = driver, Guests = guests, SharedFolders = [TestRunner.ResultFolder] };

    private async Task RunHostAsync(
        string name, XenHostOptions options, Func<XenHost, TestPlace, Task> work, CancellationToken cancellationToken)
    {
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
