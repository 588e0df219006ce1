using System.Diagnostics;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs all tests here and again in an emulated machine, whose kernel has every device, and then those between domains
/// on an emulated Xen host.
/// </summary>
internal static class TestTask
{
    private const string ScriptCheck = "scripts";

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        bool machineOnly = arguments.TakeSwitch("MachineOnly");
        bool xenOnly = arguments.TakeSwitch("XenOnly");
        bool onHost = !machineOnly && !xenOnly;
        bool inMachine = !arguments.TakeSwitch("NoMachine") && !xenOnly;
        bool onXen = (!arguments.TakeSwitch("NoXen") && !machineOnly) || xenOnly;
        string? filter = arguments.TakeOption("Filter");
        arguments.Finish();

        await DebianSetup.EnsureAsync("tests", DebianSetup.Compiler, cancellationToken);
        await BuildTask.BuildAsync(cancellationToken);
        Directory.CreateDirectory(TestRunner.ResultFolder);
        List<TestSuite> suites = await SuitesAsync(cancellationToken);
        var tally = new TestTally();
        var runner = new TestRunner(tally, filter);
        if (onHost)
        {
            foreach (TestSuite suite in suites)
                await runner.RunAsync(suite, new TestPlace("host", Child.RunAsync), cancellationToken);
        }

        if (onHost && filter is null)
            await CheckScriptsAsync(tally, cancellationToken);

        if (inMachine)
            await RunInMachineAsync(suites, runner, tally, cancellationToken);
        if (onXen)
        {
            bool withPester = suites.Exists(suite => suite is PesterSuite);
            await new XenTests(runner, tally).RunAsync(withPester, cancellationToken);
        }

        tally.PrintDetails();
        Report.LeftOut();
        Report.Line(tally.Summary());
        return tally.HasFailures || tally.IsEmpty ? 1 : 0;
    }

    private static async Task<List<TestSuite>> SuitesAsync(CancellationToken cancellationToken)
    {
        List<TestSuite> suites = [XunitSuite.Core, XunitSuite.Module];
        if (Directory.Exists(PesterSuite.Folder))
        {
            if (await PowerShellModules.EnsureAsync(PowerShellModules.Pester, cancellationToken))
                suites.Add(new PesterSuite("Pester", PesterSuite.Folder));
            else
                Report.LeaveOut($"the tests of the cmdlets ({Pwsh.WantOf(PowerShellModules.Pester)})");
        }

        return suites;
    }

    private static async Task RunInMachineAsync(
        List<TestSuite> suites, TestRunner runner, TestTally tally, CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingAsync(cancellationToken) is string missing)
        {
            Report.LeaveOut($"the runs in the machine (it needs {missing})");
            return;
        }

        var options = new MachineOptions { SharedFolders = [TestRunner.ResultFolder], Say = Report.Note };
        var time = Stopwatch.StartNew();
        try
        {
            await using Machine machine = await Machine.StartAsync(options, cancellationToken);
            Report.Note(machine.Description);
            var place = new TestPlace("machine", (words, stop) => machine.RunAsync(
                new GuestCommand(words[0], words[1..]),
                Console.OpenStandardOutput(),
                Console.OpenStandardError(),
                null,
                stop));
            foreach (TestSuite suite in suites)
                await runner.RunAsync(suite.InMachine, place, cancellationToken);
        }
        catch (LabException failure)
        {
            var outcome = new TestOutcome("it starts", TestStatus.Failed, failure.Message);
            tally.Add("boot", "machine", [outcome], time.Elapsed);
        }
    }

    private static async Task CheckScriptsAsync(TestTally tally, CancellationToken cancellationToken)
    {
        if (!await PowerShellModules.EnsureAsync(PowerShellModules.ScriptAnalyzer, cancellationToken))
        {
            Report.LeaveOut($"the check of the scripts ({Pwsh.WantOf(PowerShellModules.ScriptAnalyzer)})");
            return;
        }

        var time = Stopwatch.StartNew();
        string[] words = Pwsh.Script("analyze.ps1", "-Root", Repository.Root);
        HostResult result = await HostCommand.TryRunAsync(words[0], words[1..], null, cancellationToken);
        var outcome = new TestOutcome(
            "PSScriptAnalyzer finds nothing",
            result.ExitCode == 0 ? TestStatus.Passed : TestStatus.Failed,
            (result.Output + result.Error).Trim());
        tally.Add(ScriptCheck, "host", [outcome], time.Elapsed);
    }
}
