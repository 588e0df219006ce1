using System.Diagnostics;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs all tests here, then again in an emulated machine, whose kernel has every device, and then the tests between
/// domains on emulated Xen hosts and between a KVM host and its guests.
/// </summary>
internal static class TestTask
{
    private const string ScriptCheck = "scripts";

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var quick = arguments.TakeSwitch("Quick");
        var machineOnly = arguments.TakeSwitch("MachineOnly");
        var xenOnly = arguments.TakeSwitch("XenOnly");
        var onHost = !machineOnly && !xenOnly;
        var inMachine = !arguments.TakeSwitch("NoMachine") && !xenOnly;
        // Not by default: they take a quarter of an hour, and have not run often enough on one emulated processor.
        var onKvm = arguments.TakeSwitch("Kvm");
        if (!onKvm)
            Report.LeaveOut("the tests with KVM guests (-Kvm runs them)");
        var onXen = (!arguments.TakeSwitch("NoXen") && !machineOnly && !quick) || xenOnly;
        var filter = arguments.TakeOption("Filter");
        var place = arguments.TakeOption("Place");
        arguments.Finish();
        if (quick && !onHost)
            throw new BuildException(
                "-Quick runs tests on this host, so it cannot be combined with -MachineOnly or -XenOnly.");

        await DebianSetup.EnsureAsync("tests", DebianSetup.Compiler, cancellationToken);
        foreach (var other in Processor.All.Where(processor => !processor.IsOwn))
            await DebianSetup.EnsureAsync($"tests of {other.Name}'s headers", other.CrossCompiler, cancellationToken);
        await DebianSetup.EnsureAsync("tests of pictures", DebianSetup.Pictures, cancellationToken);
        await BuildTask.BuildAsync(cancellationToken);
        Directory.CreateDirectory(TestRunner.ResultFolder);
        await Pwsh.EnsureAsync(cancellationToken);
        var pester = Pwsh.Home is null ? null : await PowerShellModules.PesterAsync(cancellationToken);
        if (pester is null)
            Report.LeaveOut($"the tests of the cmdlets ({Pwsh.WantOf("Pester")})");
        if (quick)
            Report.LeaveOut(
                "first runs of the build, cmdlets in the machine and everything between domains (-Quick)");

        var tally = new TestTally();
        var runner = new TestRunner(tally, filter);
        TestSuite[] suites = [XunitSuite.Core, XunitSuite.Module, .. Pester("Pester", PesterSuite.Folder, pester)];
        var hostOnly = Pester("host only", PesterSuite.HostOnlyFolder, pester);
        if (!quick)
            hostOnly = hostOnly.Concat(Pester("setup", PesterSuite.SetupFolder, pester));

        List<TestStage> here = onHost ? [OnHost([.. suites, .. hostOnly], runner)] : [];
        List<TestStage> emulated = [];
        // The longest stages come first, so that two at a time end at about the same time.
        if (onXen)
        {
            emulated.AddRange(await new XenTests(runner, tally, pester).StagesAsync(cancellationToken));
            emulated.AddRange(await new Arm64XenTests(runner, tally, pester).StagesAsync(cancellationToken));
        }

        if (inMachine && await CanRunMachineAsync(cancellationToken))
            emulated.Insert(Math.Min(1, emulated.Count), InMachine(quick ? [XunitSuite.Core] : suites, runner, tally));
        if (onKvm)
            emulated.AddRange(await new KvmTests(runner, tally, pester).StagesAsync(cancellationToken));

        // The tests here measure what this process holds and start builds, so they run alone.
        await RunAsync(here, 1);
        await RunAsync(emulated, TestLanes.Usual);

        if (onHost && filter is null)
            await CheckScriptsAsync(tally, cancellationToken);

        tally.PrintDetails();
        Report.LeftOut();
        Report.Line(tally.Summary());
        return tally.HasFailures || tally.IsEmpty ? 1 : 0;

        async Task RunAsync(IEnumerable<TestStage> stages, int lanesCount)
        {
            using var lanes = new TestLanes(stages.Where(stage => place is null || stage.Place == place));
            await lanes.RunAsync(lanesCount, cancellationToken);
        }
    }

    private static IEnumerable<TestSuite> Pester(string name, string folder, string? pester) =>
        pester is null ? [] : [new PesterSuite(pester, name, folder)];

    private static TestStage OnHost(TestSuite[] suites, TestRunner runner) =>
        new("host", suites.Length, async (progress, stop) =>
        {
            foreach (var suite in suites)
                await runner.RunAsync(suite, new TestPlace("host", Child.RunAsync), progress, stop);
        });

    private static async Task<bool> CanRunMachineAsync(CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingAsync(cancellationToken) is not string missing)
            return true;
        Report.LeaveOut($"the runs in the machine (it needs {missing})");
        return false;
    }

    private static TestStage InMachine(TestSuite[] suites, TestRunner runner, TestTally tally) =>
        new("machine", suites.Length + 1, (progress, stop) => TestPlace.RunAsync("machine", tally, async () =>
        {
            foreach (var suite in suites)
                await suite.PrepareForEmulationAsync(stop);
            var options = new MachineOptions { SharedFolders = [TestRunner.ResultFolder], Say = Report.Note };
            options = options with { Modules = [.. options.Modules, "vivid n_devs=2 multiplanar=1,2", "vgem"] };
            await using var machine = await Machine.StartAsync(options, stop);
            Report.Note(machine.Description);
            var place = new TestPlace("machine", (words, output, end) => machine.RunAsync(
                new GuestCommand(words[0], words[1..]), output, Console.OpenStandardError(), null, end),
                IsEmulated: true);
            await runner.RunAsync(
                "streams", place, progress,
                end => MachineStreams.TestAsync((command, first, second) => machine.RunAsync(
                    command, first, second, null, end)),
                stop);
            foreach (var suite in suites)
                await runner.RunAsync(suite, place, progress, stop);
        }));

    private static async Task CheckScriptsAsync(TestTally tally, CancellationToken cancellationToken)
    {
        if (await PowerShellModules.InstalledAsync(PowerShellModules.ScriptAnalyzer, cancellationToken) is null)
        {
            Report.LeaveOut($"the check of the scripts ({Pwsh.WantOf(PowerShellModules.ScriptAnalyzer)})");
            return;
        }

        var time = Stopwatch.StartNew();
        var words = Pwsh.Script("analyze.ps1", "-Root", Repository.Root);
        var result = await HostCommand.TryRunAsync(words[0], words[1..], null, cancellationToken);
        var outcome = new TestOutcome(
            "PSScriptAnalyzer finds nothing",
            result.ExitCode == 0 ? TestStatus.Passed : TestStatus.Failed,
            (result.Output + result.Error).Trim());
        tally.Add(ScriptCheck, "host", [outcome], time.Elapsed);
    }
}
