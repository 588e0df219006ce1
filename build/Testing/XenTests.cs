using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs the tests between domains on emulated Xen hosts: the cmdlets where there is PowerShell, and dmabuf-peer.
/// </summary>
/// <param name="runner">Runs the suites.</param>
/// <param name="tally">Records hosts that do not start.</param>
/// <param name="pester">Pester's manifest; null where the cmdlets cannot be tested.</param>
internal sealed class XenTests(TestRunner runner, TestTally tally, string? pester)
{
    private const string Main = "xen";
    private const string Pvh = "xen-pvh";
    private const string Plain = "xen-plain";
    private const string Bounce = "xen-bounce";
    private static readonly string s_folder = Repository.At("tests", "Lab");

    private static readonly XenGuestOptions s_alice = new() { Name = "alice", Type = XenGuestType.Pv };
    private static readonly XenGuestOptions s_bob = new() { Name = "bob", Type = XenGuestType.Pvh };

    /// <summary>A PV guest whose kernel grants the wrong pages. A test destroys it.</summary>
    private static readonly XenGuestOptions s_unfit = s_alice with { Name = "carol", KernelParameters = string.Empty };

    /// <summary>The hosts' names in the results.</summary>
    public static IReadOnlyList<string> Places { get; } = [Main, Pvh, Plain, Bounce];

    /// <summary>Runs one suite on a host.</summary>
    private delegate Task Run(
        XenHost host, TestPlace place, TestProgress progress, CancellationToken cancellationToken);

    /// <summary>Returns a stage for each host; none, after reporting the reason, where a host cannot start.</summary>
    public async Task<IReadOnlyList<TestStage>> StagesAsync(CancellationToken cancellationToken)
    {
        if (!Processor.Own.Machine.HasXenGuestTypes)
        {
            Report.LeaveOut("the tests between Xen domains (they need an x86-64 computer)");
            return [];
        }

        if (await MachineSetup.MissingForGuestsAsync(cancellationToken) is string missing)
        {
            Report.LeaveOut($"the tests between Xen domains (they need {missing})");
            return [];
        }

        var withPeers = File.Exists(PeerProgram.Path);
        if (!withPeers)
            Report.LeaveOut("the tests of dmabuf-peer between Xen domains (it was not built)");
        if (pester is null)
            Report.LeaveOut($"the tests of the cmdlets between Xen domains ({Pwsh.WantOf("Pester")})");
        if (!withPeers && pester is null)
            return [];

        var withoutPvh = await PatchedQemu.GetAsync(cancellationToken) is null ? PatchedQemu.NotFound : null;
        Environment.SetEnvironmentVariable("DMABUFPS_WITHOUT_PVH", withoutPvh);
        var bob = withoutPvh is null ? s_bob : s_bob with { Type = XenGuestType.Pv };
        var drivers = await XenHosts.DriversAsync(Processor.Own, cancellationToken);
        // The driver that the hosts boot with comes last, because the cmdlets' tests need it.
        GrantDriver[] all = [GrantDriver.Stock, GrantDriver.Mmap, GrantDriver.Distribution];
        var usual = await XenHosts.OptionsAsync(Processor.Own, cancellationToken) with
        {
            SharedFolders = [TestRunner.ResultFolder],
            Variables = XenHosts.DriverVariables(drivers),
        };
        return
        [
            .. pester is null ? Array.Empty<TestStage>() :
            [
                // These tests take half an hour on an idle computer.
                Stage(Main, usual with { Driver = GrantDriver.Mmap, Guests = [s_alice, bob, s_unfit] },
                    [RunCore, .. Cmdlets("cmdlets", string.Empty, minutes: 60)]),
            ],

            // dave, a PV guest, exchanges references with a PVH dom0 by dmabuf-peer.
            withoutPvh is not null ? Skipped(Pvh, withoutPvh) : Stage(Pvh,
                usual with
                {
                    Dom0Type = XenGuestType.Pvh,
                    Driver = GrantDriver.Mmap,
                    Guests = [s_alice with { Type = XenGuestType.Pvh }, s_bob, s_alice with { Name = "dave" }],
                },
                [.. Peers(GrantDriver.Mmap), .. Cmdlets("Sharing", "Sharing.Tests.ps1")]),

            Stage(Plain, usual with { Guests = [s_alice, s_bob with { Type = XenGuestType.Pv }] },
                [.. Peers(all), .. Cmdlets("Plain", "Plain")]),

            .. pester is null ? Array.Empty<TestStage>() :
            [
                Stage(Bounce,
                    usual with
                    {
                        Driver = GrantDriver.Stock,
                        Guests = [s_alice],
                        Dom0KernelParameters = "swiotlb=force",
                    },
                    [.. Cmdlets("Bounce", "Bounce")]),
            ],
        ];

        async Task RunCore(XenHost host, TestPlace place, TestProgress progress, CancellationToken stop)
        {
            await XunitSuite.Xen.PrepareForEmulationAsync(stop);
            await runner.RunAsync(XunitSuite.Xen, place, progress, stop);
        }

        IEnumerable<Run> Peers(params GrantDriver[] inGuests) => !withPeers ? [] : inGuests.Select(driver =>
            new Run((host, place, progress, stop) =>
            {
                var handOffs = new PeerHandOffs(host, PeerProgram.Path, driver, drivers[driver], progress);
                return runner.RunAsync(PeerHandOffs.Suite, place, progress, handOffs.RunAsync, stop);
            }));
    }

    /// <summary>Runs all files of a folder in one PowerShell, which keeps its sessions in the guests.</summary>
    private IEnumerable<Run> Cmdlets(string name, string path, int minutes = 30)
    {
        if (pester is not null)
        {
            var suite = new PesterSuite(pester, name, Path.Combine(s_folder, path), minutes);
            yield return (_, place, progress, stop) => runner.RunAsync(suite, place, progress, stop);
        }
    }

    private TestStage Skipped(string name, string reason) => new(name, 0, (_, _) =>
    {
        tally.Add("boot", name, [new TestOutcome($"the suites of {name}", TestStatus.Skipped, reason)], TimeSpan.Zero);
        return Task.CompletedTask;
    });

    private TestStage Stage(string name, XenHostOptions options, Run[] runs) =>
        new(name, runs.Length, (progress, stop) => TestPlace.RunAsync(name, tally, async () =>
        {
            await using var host = await StartAsync(name, options, stop);
            Report.Note(host.Description);
            var place = new TestPlace(name, (words, output, end) => host.RunAsync(
                XenHost.Dom0, new GuestCommand(words[0], words[1..]), output, Console.OpenStandardError(), null, end),
                IsEmulated: true);
            foreach (var run in runs)
                await run(host, place, progress, stop);
        }));

    /// <summary>
    /// Starts a host. One with PVH domains is started once more if it fails: the emulated processor sometimes loses
    /// such a domain while it boots.
    /// </summary>
    private async Task<XenHost> StartAsync(
        string name, XenHostOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await XenHost.StartAsync(options, cancellationToken);
        }
        catch (LabException failure) when (options.HasPvhDomain && failure is not NotAvailableException)
        {
            tally.AddNote($"{name,16} was started twice: {failure.Message.Split('\n')[0]}");
            Report.Note($"starting the {name} again: {failure.Message.Split('\n')[0]}");
            return await XenHost.StartAsync(options, cancellationToken);
        }
    }
}
