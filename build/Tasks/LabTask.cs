using System.Text.RegularExpressions;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Opens a prompt in an emulated machine, or runs one command there.</summary>
internal static partial class LabTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        if (arguments.TakeSwitch("Xen"))
            return await XenLabTask.RunAsync(arguments, cancellationToken);
        if (arguments.TakeSwitch("Kvm"))
            return await KvmLabTask.RunAsync(arguments, cancellationToken);
        var processor = Processor.Parse(arguments.TakeOption("Arch"));
        var modules = Modules(arguments.TakeOption("Modules"));
        var options = new MachineOptions
        {
            Architecture = processor.Machine,
            KernelVariant = arguments.TakeOption("Kernel"),
            MemoryMiB = arguments.TakeNumber("Memory", 1024),
            HugePages = arguments.TakeNumber("HugePages", 8),
            Say = Report.Note,
        };
        options = options with { Modules = [.. options.Modules, .. modules] };
        var command = TakeCommand(arguments, "lab");
        var prompt = command.Length == 0;
        if (await MachineSetup.MissingAsync(cancellationToken, processor) is string missing)
            throw new BuildException($"The machine needs {missing}.");
        options = options with { Terminal = prompt };
        var shell = prompt ? await ShellAsync(processor, cancellationToken) : null;
        await using var machine = await Machine.StartAsync(options, cancellationToken);
        if (shell is not null)
        {
            Report.Note(machine.Description);
            return await machine.RunInTerminalAsync(shell, cancellationToken);
        }

        return await machine.RunAsync(
            new GuestCommand(command[0], command[1..]),
            StandardStreams.Output,
            StandardStreams.Error,
            Console.IsInputRedirected ? Console.OpenStandardInput() : null,
            cancellationToken);
    }

    /// <summary>Takes the command to run, empty for a prompt, which needs a terminal.</summary>
    internal static string[] TakeCommand(TaskArguments arguments, string usage)
    {
        var command = arguments.TakeRest();
        return command.Length > 0 || !(Console.IsInputRedirected || Console.IsOutputRedirected)
            ? command
            : throw new BuildException($"A prompt needs a terminal; to run one command: {usage} -- COMMAND ARGUMENTS");
    }

    /// <summary>Runs a command in a host or in a guest, or opens a prompt there if the command is empty.</summary>
    internal static async Task<int> RunAsync(
        GuestHost host,
        GuestHostOptions options,
        string domain,
        string[] command,
        CancellationToken cancellationToken)
    {
        if (command.Length == 0)
        {
            Report.Note(host.Description);
            return await host.RunInTerminalAsync(
                domain, Shell(options.PowerShell, options.ModuleFolder), cancellationToken);
        }

        return await host.RunAsync(
            domain,
            new GuestCommand(command[0], command[1..]),
            StandardStreams.Output,
            StandardStreams.Error,
            Console.IsInputRedirected ? Console.OpenStandardInput() : null,
            cancellationToken);
    }

    /// <summary>
    /// Modules with parameters, as in <c>vgem,vivid:n_devs=2:multiplanar=1,2</c>. A comma before a digit is part of a
    /// parameter's list.
    /// </summary>
    internal static IEnumerable<string> Modules(string? text) =>
        string.IsNullOrEmpty(text) ? [] : ModuleSeparator().Split(text).Select(module => module.Replace(':', ' '));

    [GeneratedRegex(@",(?!\d)")]
    private static partial Regex ModuleSeparator();

    /// <summary>Returns the command of a prompt in a machine.</summary>
    private static async Task<GuestCommand> ShellAsync(Processor processor, CancellationToken cancellationToken)
    {
        var (powerShell, modules) = await MachineSetup.PowerShellAsync(processor, cancellationToken);
        return Shell(powerShell, modules);
    }

    private static GuestCommand Shell(IReadOnlyList<string> powerShell, string? modules)
    {
        if (powerShell.Count == 0)
            return new GuestCommand("bash");
        var manifest = Path.Combine(modules ?? Repository.Modules, "DmaBufPS", "DmaBufPS.psd1");
        string[] import = File.Exists(manifest) ? ["-Command", $"Import-Module {Pwsh.Quote(manifest)}"] : [];
        return new GuestCommand(powerShell[0], [.. powerShell.Skip(1), "-NoLogo", "-NoExit", .. import]);
    }
}
