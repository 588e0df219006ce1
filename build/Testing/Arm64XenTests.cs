using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs tests between Arm64 domains, where an unmodified driver makes a dma-buf of references: the hand-offs of
/// dmabuf-peer and sharing by the cmdlets, with each of the grant device's drivers in the guests; what other processes
/// and devices can do with such a dma-buf; and each kind of failure once.
/// </summary>
/// <param name="runner">Runs the suites.</param>
/// <param name="tally">Records a host that does not start.</param>
/// <param name="pester">Pester's manifest; null where the cmdlets cannot be tested.</param>
internal sealed class Arm64XenTests(TestRunner runner, TestTally tally, string? pester)
{
    /// <summary>The host's name in the results.</summary>
    public const string Place = "xen-arm64";

    private static readonly Processor s_processor = Processor.Parse(MachineArchitecture.Arm64.Name);

    /// <summary>The drivers that the guests load one after another, for dmabuf-peer.</summary>
    private static readonly GrantDriver[] s_drivers = [GrantDriver.Stock, GrantDriver.Distribution];

    /// <summary>
    /// The suites of the cmdlets: a name, the files and folders in tests/Lab, and a tag. The tag Arm64 marks tests of
    /// failures that cover each error path of the grant and xenstore code once; all of them would take too long here.
    /// </summary>
    private static readonly (string Name, string[] Paths, string? Tag)[] s_cmdlets =
    [
        ("Sharing", ["Sharing.Tests.ps1"], null),
        ("Arm64", ["Arm64", "Faults.Tests.ps1", "Transport.Tests.ps1"], "Arm64"),
    ];

    /// <summary>Returns the stage; none, after reporting the reason, where the host cannot start.</summary>
    public async Task<IReadOnlyList<TestStage>> StagesAsync(CancellationToken cancellationToken)
    {
        var missing = await MachineSetup.MissingForGuestsAsync(cancellationToken, s_processor)
            ?? await MachineSetup.MissingForDriverAsync(GrantDriver.Stock, s_processor, cancellationToken);
        if (missing is not null)
        {
            Report.LeaveOut($"the tests between Arm64 domains (apt-get install {missing.Replace(",", string.Empty)})");
            return [];
        }

        var withPeer = await PeerProgram.UpdateAsync(s_processor, cancellationToken);
        var options = await XenHosts.OptionsAsync(s_processor, cancellationToken);
        if (pester is not null && options.PowerShell.Count == 0)
            Report.LeaveOut("the tests of the cmdlets between Arm64 domains (no PowerShell for Arm64)");
        var withCmdlets = pester is not null && options.PowerShell.Count > 0;
        var drivers = await XenHosts.DriversAsync(s_processor, cancellationToken);
        options = options with
        {
            Guests = XenHosts.ParseGuests("alice,bob", s_processor.Machine),
            Driver = GrantDriver.Stock,
            SharedFolders = [TestRunner.ResultFolder],
            Variables = options.Variables
                .Concat(XenHosts.DriverVariables(drivers))
                .Append(KeyValuePair.Create("DMABUFPS_PEER", PeerProgram.PathFor(s_processor)))
                .ToDictionary(),
        };
        var suites = (withPeer ? s_drivers.Length : 0) + (withCmdlets ? s_cmdlets.Length : 0);
        if (suites == 0)
            return [];
        return
        [
            new(Place, suites, (progress, stop) => TestPlace.RunAsync(Place, tally, async () =>
            {
                await using var host = await XenHost.StartAsync(options, stop);
                Report.Note(host.Description);
                var place = new TestPlace(Place, (words, output, end) => host.RunAsync(
                    XenHost.Dom0, new GuestCommand(words[0], words[1..]), output, Console.OpenStandardError(), null,
                    end),
                    IsEmulated: true);
                foreach (var driver in withPeer ? s_drivers : [])
                {
                    var handOffs = new PeerHandOffs(
                        host, PeerProgram.PathFor(s_processor), driver, drivers[driver], progress);
                    await runner.RunAsync(PeerHandOffs.Suite, place, progress, handOffs.RunAsync, stop);
                }

                foreach (var (name, paths, tag) in withCmdlets ? s_cmdlets : [])
                {
                    var path = string.Join(':', paths.Select(file => Repository.At("tests", "Lab", file)));
                    var suite = new PesterSuite(pester!, name, path, powerShell: options.PowerShell, tag: tag);
                    await runner.RunAsync(suite, place, progress, stop);
                }
            })),
        ];
    }
}
