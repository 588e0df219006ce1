using System.Diagnostics;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs all tests here, then again in an emulated machine, whose kernel has every device, and beside that the tests
/// between domains on emulated Xen hosts, between a KVM host and its guests, and on a kernel with larger pages.
/// </summary>
internal static class TestTask
{
    private const string ScriptCheck = "scripts";

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var quick = arguments.TakeSwitch("Quick");
        var places = new PlaceSelection(arguments.TakeOption("Place"));
        var filter = arguments.TakeOption("Filter");
        arguments.Finish();
        if (quick)
            places.KeepQuick();
        var onHost = places.HasAny(PlaceSelection.Host);

        await DebianSetup.EnsureAsync("tests", DebianSetup.Compiler, cancellationToken);
        if (places.HasAny(PlaceSelection.Host, PlaceSelection.Machine))
        {
            foreach (var other in Processor.All.Where(processor => !processor.IsOwn))
            {
                await DebianSetup.EnsureAsync(
                    $"tests of {other.Name}'s headers", other.CrossCompiler, cancellationToken);
            }
        }

        await DebianSetup.EnsureAsync("tests of pictures", DebianSetup.Pictures, cancellationToken);
        await BuildTask.BuildAsync(cancellationToken);
        Directory.CreateDirectory(TestRunner.ResultFolder);
        await Pwsh.EnsureAsync(cancellationToken);
        var pester = Pwsh.Home is null ? null : await PowerShellModules.PesterAsync(cancellationToken);
        if (pester is null)
            Report.LeaveOut($"the tests of the cmdlets ({Pwsh.WantOf("Pester")})");
        if (quick)
            Report.LeaveOut(
                "first runs of the build, cmdlets in the machine, domains, guests and pages of 16 KiB (-Quick)");

        var tally = new TestTally();
        var runner = new TestRunner(tally, filter);
        TestSuite[] suites = [XunitSuite.Core, XunitSuite.Module, .. Pester("Pester", PesterSuite.Folder, pester)];
        var hostOnly = Pester("host only", PesterSuite.HostOnlyFolder, pester);
        if (!quick)
            hostOnly = hostOnly.Concat(Pester("setup", PesterSuite.SetupFolder, pester));

        List<TestStage> here = onHost ? [OnHost([.. suites, .. hostOnly], runner)] : [];
        List<TestStage> emulated = [];
        // The longest stages come first, so that two at a time end at about the same time.
        emulated.AddRange(await PrepareAsync(new XenTests(runner, tally, pester).StagesAsync, XenTests.Places));
        emulated.AddRange(await PrepareAsync(
            new Arm64XenTests(runner, tally, pester).StagesAsync, Arm64XenTests.Place));
        emulated.InsertRange(
            Second(), await PrepareAsync(new KvmTests(runner, tally, pester).StagesAsync, KvmTests.Place));
        if (places.HasAny(PlaceSelection.Machine) && await CanRunMachineAsync(cancellationToken))
            emulated.Insert(Second(), InMachine(quick ? [XunitSuite.Core] : suites, runner, tally));
        emulated.AddRange(await PrepareAsync(
            new PageSizeTests(runner, tally, pester).StagesAsync, PageSizeTests.Place));

        // The tests here measure what this process holds and start builds, so they run alone.
        await RunAsync(here, 1);
        await RunAsync(emulated, TestLanes.Usual);

        if (onHost && filter is null)
            await CheckScriptsAsync(tally, cancellationToken);

        tally.PrintDetails();
        Report.LeftOut();
        Report.Line(tally.Summary());
        return tally.HasFailures || tally.IsEmpty ? 1 : 0;

        async Task<IReadOnlyList<TestStage>> PrepareAsync(
            Func<CancellationToken, Task<IReadOnlyList<TestStage>>> stages, params IReadOnlyList<string> names) =>
            places.HasAny(names)
                ? await TestPlace.PrepareAsync(names[0], tally, () => stages(cancellationToken))
                : [];

        int Second() => Math.Min(1, emulated.Count);

        async Task RunAsync(IEnumerable<TestStage> stages, int lanesCount)
        {
            using var lanes = new TestLanes(stages.Where(stage => places.HasAny(stage.Place)));
            await lanes.RunAsync(lanesCount, cancellationToken);
        }
    }

    private static IEnumerable<TestSuite> Pester(string name, string folder, string? pester) =>
        pester is null ? [] : [new PesterSuite(pester, name, folder)];

    private static TestStage OnHost(TestSuite[] suites, TestRunner runner) =>
        new(PlaceSelection.Host, suites.Length, async (progress, stop) =>
        {
            foreach (var suite in suites)
                await runner.RunAsync(suite, new TestPlace(PlaceSelection.Host, Child.RunAsync), progress, stop);
        });

    private static async Task<bool> CanRunMachineAsync(CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingAsync(cancellationToken) is not string missing)
            return true;
        Report.LeaveOut($"the runs in the machine (it needs {missing})");
        return false;
    }

    private static TestStage InMachine(TestSuite[] suites, TestRunner runner, TestTally tally) =>
        new(PlaceSelection.Machine, suites.Length + 1, (progress, stop) => TestPlace.RunAsync(
            PlaceSelection.Machine, tally, async () =>
        {
            foreach (var suite in suites)
                await suite.PrepareForEmulationAsync(stop);
            var options = new MachineOptions { SharedFolders = [TestRunner.ResultFolder], Say = Report.Note };
            options = options with { Modules = [.. options.Modules, "vivid n_devs=2 multiplanar=1,2", "vgem"] };
            await using var machine = await Machine.StartAsync(options, stop);
            Report.Note(machine.Description);
            var place = new TestPlace(PlaceSelection.Machine, (words, output, end) => machine.RunAsync(
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
