using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Runs the tests between a KVM host and its guests.</summary>
/// <param name="runner">Runs the suites.</param>
/// <param name="tally">Records a host that does not start.</param>
/// <param name="pester">Pester's manifest; null where the cmdlets cannot be tested.</param>
internal sealed class KvmTests(TestRunner runner, TestTally tally, string? pester)
{
    /// <summary>The host's name in the results.</summary>
    public const string Place = "kvm";

    private const string Guest = "vm1";
    private static readonly string s_folder = Repository.At("tests", "Lab", "Kvm");

    /// <summary>Returns the host's stage; none, after reporting the reason, where it cannot start.</summary>
    public async Task<IReadOnlyList<TestStage>> StagesAsync(CancellationToken cancellationToken)
    {
        if (!Processor.Own.Machine.RunsKvmGuests)
        {
            Report.LeaveOut("the tests with KVM guests (they need an x86-64 computer)");
            return [];
        }

        if (await MachineSetup.MissingForGuestsAsync(cancellationToken) is string missing)
        {
            Report.LeaveOut($"the tests with KVM guests (they need {missing})");
            return [];
        }

        if (pester is null)
            Report.LeaveOut($"the tests of the cmdlets with KVM guests ({Pwsh.WantOf("Pester")})");
        var options = await GuestHosts.WithPowerShellAsync(new KvmHostOptions(), cancellationToken) with
        {
            // Tests start the second guest.
            Guests = [new() { Name = Guest }, new() { Name = "vm2", StartsWithHost = false }],
            SharedFolders = [TestRunner.ResultFolder],
        };
        return
        [
            new(Place, pester is null ? 1 : 2, (progress, stop) => TestPlace.RunAsync(Place, tally, async () =>
            {
                await using var host = await KvmHost.StartAsync(options, stop);
                Report.Note(host.Description);
                await RunAsync(host, progress, stop);
            })),
        ];
    }

    private async Task RunAsync(KvmHost host, TestProgress progress, CancellationToken stop)
    {
        var place = new TestPlace(Place, (words, output, end) => host.RunAsync(
            KvmHost.Host, new GuestCommand(words[0], words[1..]), output, Console.OpenStandardError(), null, end),
            IsEmulated: true);
        await runner.RunAsync(
            "streams", place, progress,
            end => MachineStreams.TestAsync((command, first, second) => host.RunAsync(
                Guest, command, first, second, null, end)),
            stop);
        if (pester is not null)
            await runner.RunAsync(new PesterSuite(pester, "kvm", s_folder, minutes: 30), place, progress, stop);
    }
}
