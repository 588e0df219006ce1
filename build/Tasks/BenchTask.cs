namespace DmaBuf.Build;

/// <summary>
/// Runs the benchmarks, which receive the words after the task's name. With -Xen, runs those between domains; with
/// -Kvm, those between a KVM guest and its host.
/// </summary>
internal static class BenchTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var xen = arguments.TakeSwitch("Xen");
        var kvm = !xen && arguments.TakeSwitch("Kvm");
        await DebianSetup.EnsureAsync("bench", DebianSetup.Compiler, cancellationToken);
        await Pwsh.EnsureAsync(cancellationToken);
        // The benchmarks compare the compiled tool's start with the original's.
        if (PowerShellTool.IsCompiled(Pwsh.Home))
            Environment.SetEnvironmentVariable("DMABUFPS_PSTOOL", await PowerShellTool.RestoreAsync(cancellationToken));
        if (xen || kvm)
            await PreparePairAsync(cancellationToken);
        string[] run = ["dotnet", "run", "--configuration", "Release", "--project", Repository.At("bench"), "--"];
        string[] part = xen ? ["--only", "xen"] : kvm ? ["--only", "kvm"] : [];
        return await Child.RunAsync([.. run, .. part, .. arguments.TakeRest()], cancellationToken);
    }

    private static async Task PreparePairAsync(CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingForGuestsAsync(cancellationToken) is string missing)
            throw new BuildException($"These benchmarks run on an emulated host, which needs {missing}.");
        var pair = new NativeProgram("dmabuf-pair", "src/DmaBuf", "bench/Pair");
        if (!await pair.UpdateAsync(cancellationToken))
            throw new BuildException("These benchmarks need a native program, and there is no linker here.");
    }
}
