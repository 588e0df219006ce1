namespace DmaBuf.Build;

/// <summary>
/// Runs the benchmarks, which receive the words after the task's name. With -Xen, runs those between domains.
/// </summary>
internal static class BenchTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var xen = arguments.TakeSwitch("Xen");
        await DebianSetup.EnsureAsync("bench", DebianSetup.Compiler, cancellationToken);
        await Pwsh.EnsureAsync(cancellationToken);
        // The benchmarks compare the compiled tool's start with the original's.
        if (PowerShellTool.IsCompiled(Pwsh.Home))
            Environment.SetEnvironmentVariable("DMABUFPS_PSTOOL", await PowerShellTool.RestoreAsync(cancellationToken));
        if (xen)
            await PrepareXenAsync(cancellationToken);
        string[] run = ["dotnet", "run", "--configuration", "Release", "--project", Repository.At("bench"), "--"];
        string[] part = xen ? ["--only", "xen"] : [];
        return await Child.RunAsync([.. run, .. part, .. arguments.TakeRest()], cancellationToken);
    }

    private static async Task PrepareXenAsync(CancellationToken cancellationToken)
    {
        if (await MachineSetup.MissingForGuestsAsync(cancellationToken) is string missing)
            throw new BuildException(
                $"The benchmarks between domains run on an emulated Xen host, which needs {missing}.");
        var pair = new NativeProgram("dmabuf-pair", "src/DmaBuf", "bench/Xen/Pair");
        if (!await pair.UpdateAsync(cancellationToken))
            throw new BuildException(
                "The benchmarks between domains need a native program, and there is no linker here.");
    }
}
