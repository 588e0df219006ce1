using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Shows the main job in an emulated machine: a buffer goes to another process without a copy.</summary>
internal static class DemoTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        arguments.Finish();
        await BuildTask.BuildAsync(cancellationToken);
        if (await MachineSetup.MissingAsync(cancellationToken) is string missing)
            throw new BuildException($"The demonstration runs in an emulated machine, which needs {missing}.");

        GuestCommand command;
        if (Pwsh.Command is [string program, .. string[] first])
        {
            string script = Repository.At("lab", "demo", "demo.ps1");
            command = new GuestCommand(program, [.. first, "-NoProfile", "-File", script]);
        }
        else
        {
            // Without PowerShell the tests of the hand-off show it, one line a test.
            string tests = Path.Combine(Repository.Binaries("DmaBuf.Tests"), "DmaBuf.Tests.dll");
            const string handOff = "*HandOffTests.A_buffer_from_*";
            command = new GuestCommand(
                "dotnet", tests, "-noLogo", "-noColor", "-reporter", "verbose", "-method", handOff);
            Report.LeaveOut("the cmdlets (no PowerShell here)");
        }

        var options = new MachineOptions { Say = Report.Note };
        await using Machine machine = await Machine.StartAsync(options, cancellationToken);
        Report.Note(machine.Description);
        int code = await machine.RunAsync(
            command, Console.OpenStandardOutput(), Console.OpenStandardError(), null, cancellationToken);
        Report.LeftOut();
        return code;
    }
}
