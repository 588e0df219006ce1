using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs tests of the cmdlets on a kernel whose pages have 16 KiB: one of those that Debian has for Arm64.
/// </summary>
/// <param name="runner">Runs the suite.</param>
/// <param name="tally">Records a machine that does not start.</param>
/// <param name="pester">Pester's manifest; null where the cmdlets cannot be tested.</param>
internal sealed class PageSizeTests(TestRunner runner, TestTally tally, string? pester)
{
    /// <summary>The machine's name in the results.</summary>
    public const string Place = "arm64-16k";

    private const string KernelVariant = "16k";
    private static readonly Processor s_processor = Processor.Parse(MachineArchitecture.Arm64.Name);

    /// <summary>Returns the stage; none, after reporting the reason, where the machine cannot start.</summary>
    public async Task<IReadOnlyList<TestStage>> StagesAsync(CancellationToken cancellationToken)
    {
        if (pester is null)
            return Without(Pwsh.WantOf("Pester"));
        if (await MachineSetup.MissingAsync(cancellationToken, s_processor) is string missing)
            return Without($"apt-get install {missing.Replace(",", string.Empty)}");
        await Kernel.GetAsync(s_processor.Machine, KernelVariant, Report.Note, cancellationToken);
        await PeerProgram.UpdateAsync(s_processor, cancellationToken);
        var (powerShell, modules) = await MachineSetup.PowerShellAsync(s_processor, cancellationToken);
        return powerShell.Count == 0 ? Without("no PowerShell for Arm64") : [Stage(pester, powerShell, modules)];

        static IReadOnlyList<TestStage> Without(string reason)
        {
            Report.LeaveOut($"the tests with pages of 16 KiB ({reason})");
            return [];
        }
    }

    private TestStage Stage(string pester, IReadOnlyList<string> powerShell, string modules) =>
        new(Place, 1, (progress, stop) => TestPlace.RunAsync(Place, tally, async () =>
        {
            var options = new MachineOptions
            {
                Architecture = s_processor.Machine,
                KernelVariant = KernelVariant,
                // Of 32 MiB each.
                HugePages = 2,
                SharedFolders = [TestRunner.ResultFolder],
                Say = Report.Note,
            };
            await using var machine = await Machine.StartAsync(options, stop);
            Report.Note(machine.Description);
            string[] variables =
            [
                "DMABUFPS_MODULE=" + Path.Combine(modules, "DmaBufPS"),
                "DMABUFPS_PEER=" + PeerProgram.PathFor(s_processor),
            ];
            var place = new TestPlace(Place, (words, output, end) => machine.RunAsync(
                new GuestCommand("env", [.. variables, .. words]), output, Console.OpenStandardError(), null, end),
                IsEmulated: true);
            var suite = new PesterSuite(
                pester, "PageSize", Repository.At("tests", "Lab", "PageSize"), powerShell: powerShell);
            await runner.RunAsync(suite, place, progress, stop);
        }));
}
