using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Runs the benchmarks, which receive the words after the task's name. With -Xen, runs those between domains, and with
/// -Arch on a host with another processor; with -Kvm, those between a KVM guest and its host.
/// </summary>
internal static class BenchTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var xen = arguments.TakeSwitch("Xen");
        var kvm = !xen && arguments.TakeSwitch("Kvm");
        var processor = Processor.Parse(arguments.TakeOption("Arch"));
        if (!xen && !processor.IsOwn)
            throw new BuildException("Only the benchmarks between Xen domains run on another processor: bench -Xen.");
        await DebianSetup.EnsureAsync("bench", DebianSetup.Compiler, cancellationToken);
        await Pwsh.EnsureAsync(cancellationToken);
        // The benchmarks compare the compiled tool's start with the original's.
        if (PowerShellTool.IsCompiled(Pwsh.Home))
            Environment.SetEnvironmentVariable("DMABUFPS_PSTOOL", await PowerShellTool.RestoreAsync(cancellationToken));
        if (xen || kvm)
            await PreparePairAsync(processor, cancellationToken);
        string[] run = ["dotnet", "run", "--configuration", "Release", "--project", Repository.At("bench"), "--"];
        string[] part = xen ? ["--only", "xen", "--arch", processor.Name] : kvm ? ["--only", "kvm"] : [];
        return await Child.RunAsync([.. run, .. part, .. arguments.TakeRest()], cancellationToken);
    }

    private static async Task PreparePairAsync(Processor processor, CancellationToken cancellationToken)
    {
        var missing = await MachineSetup.MissingForGuestsAsync(cancellationToken, processor)
            ?? await MachineSetup.MissingForDriverAsync(GrantDriver.Stock, processor, cancellationToken);
        if (missing is not null)
            throw new BuildException($"These benchmarks run on an emulated host, which needs {missing}.");
        var pair = new NativeProgram("dmabuf-pair", "src/DmaBuf", "bench/Pair");
        if (!await pair.UpdateAsync(processor, cancellationToken))
        {
            Report.LeftOut();
            throw new BuildException("These benchmarks need dmabuf-pair, which could not be compiled.");
        }
    }
}
