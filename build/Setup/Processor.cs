using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>A processor that programs are built for: this computer's, or another.</summary>
/// <param name="Machine">The architecture of a machine with such a processor.</param>
internal sealed record Processor(MachineArchitecture Machine)
{
    /// <summary>This computer's processor.</summary>
    public static Processor Own { get; } = new(MachineArchitecture.OfThisComputer);

    /// <summary>The processors that the packages are for.</summary>
    public static IReadOnlyList<Processor> All { get; } =
        [new(MachineArchitecture.X64), new(MachineArchitecture.Arm64)];

    /// <summary>Its name in .NET, its packages and this repository's options: x64, arm64.</summary>
    public string Name => Machine.Name;

    /// <summary>Whether this computer runs its programs.</summary>
    public bool IsOwn => !Machine.IsForeign;

    /// <summary>The folder of what is built for it: out, or out/arm64 for another computer's.</summary>
    public string OutFolder => IsOwn ? Repository.Out : Path.Combine(Repository.Out, Name);

    /// <summary>
    /// The Debian packages that compile and link C for another computer's processor, the kernel's headers included.
    /// </summary>
    public string[] CrossCompiler =>
        [Machine.CrossCompilerPackage, $"libc6-dev-{Machine.DebianName}-cross"];

    /// <summary>Reads the value of -Arch; without one, returns this computer's processor.</summary>
    public static Processor Parse(string? name) =>
        name is null
            ? Own
            : All.FirstOrDefault(processor => processor.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new BuildException(
                    $"-Arch must be {string.Join(" or ", All.Select(processor => processor.Name))}, not \"{name}\".");

    /// <summary>Refuses a processor with which the lab has no KVM host.</summary>
    public void CheckRunsKvmGuests()
    {
        if (!IsOwn || !Machine.RunsKvmGuests)
            throw new BuildException("A KVM host runs this computer's own programs, and needs an x86-64 computer.");
    }
}
