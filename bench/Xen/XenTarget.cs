using DmaBuf.Lab;

namespace DmaBuf.Bench;

/// <summary>All that differs by the processor of the Xen host: the pair's programs, and the guest.</summary>
/// <param name="Architecture">The processor's architecture.</param>
internal sealed record XenTarget(MachineArchitecture Architecture)
{
    /// <summary>The folder of the C pair and of what was measured: another architecture has its own.</summary>
    public string Folder => Path.Combine(Workshop.Out, Subfolder);

    /// <summary>pair.c as a program.</summary>
    public string C => Path.Combine(Folder, "pair");

    /// <summary>Its counterpart that uses the core.</summary>
    public string Ours => Workshop.Pair(Subfolder);

    /// <summary>The command that makes both and runs them.</summary>
    public string Command => "./build.sh bench -Xen" + (Architecture.IsForeign ? $" -Arch {Architecture.Name}" : "");

    /// <summary>The Debian packages that <see cref="Compile"/> needs.</summary>
    public string CompilerPackages => Architecture.IsForeign
        ? $"{Architecture.CrossCompilerPackage} and libc6-dev-{Architecture.DebianName}-cross"
        : "gcc, libc6-dev and linux-libc-dev";

    /// <summary>Why streams cannot be measured, or null.</summary>
    public string? NoStreams => Architecture.IsForeign
        ? $"Left out on {Architecture}: streams and channels. Their C program is compiled in dom0, which has Xen's"
            + " library, and there is no compiler in it."
        : null;

    private string Subfolder => Architecture.IsForeign ? Architecture.Name : string.Empty;

    /// <summary>Compiles pair.c.</summary>
    public void Compile()
    {
        Directory.CreateDirectory(Folder);
        var compiler = Architecture.IsForeign ? Architecture.CompilerPrefix + "gcc" : Workshop.OwnCompiler;
        Workshop.Compile(compiler, "Xen/pair.c", "-o", C);
    }

    /// <summary>
    /// Returns a guest, a PV guest where there is a choice, because it is faster. Its grant table has Xen's default
    /// size.
    /// </summary>
    public XenGuestOptions Guest(string name) => Architecture.HasXenGuestTypes
        ? new() { Name = name, Type = XenGuestType.Pv }
        : new() { Name = name, KernelParameters = string.Empty };
}
