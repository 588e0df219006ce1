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
    private static readonly XenGuestOptions s_bob = s_alice with { Name = "bob" };

    /// <summary>A PV guest whose kernel grants the wrong pages; a test destroys it.</summary>
    private static readonly XenGuestOptions s_unfit = s_alice with { Name = "carol", KernelParameters = string.Empty };

    /// <summary>A guest that an emulated processor can lose at any time: what needs it has a host of its own.</summary>
    private static readonly XenGuestOptions s_pvhAlice = s_alice with { Type = XenGuestType.Pvh };

    /// <summary>Runs the suites, or says what is missing for them.</summary>
    /// <param name="withPester">Whether there is Pester, for the cmdlets.</param>
    /// <param name="withPvh">Whether to run those with PVH domains, too.</param>
    /// <param name="cancellationToken">Ends the tests.</param>
    public async Task RunAsync(bool withPester, bool withPvh, CancellationToken cancellationToken)
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
            await RunHostAsync("xen-plain", Host(GrantDriver.Distribution, s_bob), async (host, place) =>
            {
                if (withPeers)
                    await RunPeersAsync(host, place, GrantDriver.Distribution);
                if (withPester)
                    await RunFolderAsync("Plain", place);
            }, cancellationToken);
        }

        if (withPester)
        {
            XenHostOptions bounce = Host(GrantDriver.Stock, s_alice) with { Dom0KernelParameters = "swiotlb=force" };
            await RunHostAsync("xen-bounce", bounce,
                (_, place) => RunFolderAsync("Bounce", place), cancellationToken);
            await RunHostAsync("xen", Host(GrantDriver.Mmap, s_alice, s_bob, s_unfit),
                async (_, place) =>
                {
                    // It takes a quarter of an hour on two processors.
                    await runner.RunAsync(new PesterSuite("cmdlets", s_folder, minutes: 45), place, cancellationToken);
                    // Nothing can be repaired after it.
                    await RunFolderAsync("Gone", place);
                }, cancellationToken);
        }

        if (!withPvh)
        {
            Report.LeaveOut("the tests with PVH domains, which an emulated processor can lose (./build.sh test -XenOnly)");
            return;
        }

        XenHostOptions pvh = Host(GrantDriver.Mmap, s_pvhAlice, s_bob);
        await RunHostAsync("xen-pvh", pvh, async (host, place) =>
        {
            await RunPeersWithAllDriversAsync(host, place);
            if (withPester)
                await RunFolderAsync("Pvh", place);
        }, cancellationToken);
        await RunHostAsync(
            "xen-pvh0", pvh with { Dom0Type = XenGuestType.Pvh }, RunPeersWithAllDriversAsync, cancellationToken);

        async Task RunPeersWithAllDriversAsync(XenHost host, TestPlace place)
        {
            foreach (GrantDriver driver in withPeers ? drivers.Keys : Enumerable.Empty<GrantDriver>())
                await RunPeersAsync(host, place, driver);
        }

        Task RunPeersAsync(XenHost host, TestPlace place, GrantDriver driver)
        {
            var handOffs = new PeerHandOffs(host, driver, drivers[driver]);
            return runner.RunAsync(PeerHandOffs.Suite, place, handOffs.RunAsync, cancellationToken);
        }

        // All of a folder in one PowerShell, which keeps its sessions in the guests.
        Task RunFolderAsync(string folder, TestPlace place) =>
            runner.RunAsync(new PesterSuite(folder, Path.Combine(s_folder, folder)), place, cancellationToken);
    }

    /// <summary>The files of the grant device's drivers, which the tests exchange in the guests; the suites are told of them, too.</summary>
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
                stop)) { RepairAsync = host.RestartLostGuestsAsync });
        }
        catch (LabException failure)
        {
            var outcome = new TestOutcome("it starts", TestStatus.Failed, failure.Message);
            tally.Add("boot", name, [outcome], time.Elapsed);
        }
    }
}
