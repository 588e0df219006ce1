using System.Runtime.InteropServices;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>A processor that programs are built for: this computer's, or another.</summary>
/// <param name="Architecture">The processor's architecture.</param>
internal sealed record Processor(Architecture Architecture)
{
    /// <summary>This computer's processor.</summary>
    public static Processor Own { get; } = new(RuntimeInformation.OSArchitecture);

    /// <summary>The processors that the packages are for.</summary>
    public static IReadOnlyList<Processor> All { get; } = [new(Architecture.X64), new(Architecture.Arm64)];

    /// <summary>Its name in .NET, its packages and this repository's options: x64, arm64.</summary>
    public string Name { get; } = Architecture.ToString().ToLowerInvariant();

    /// <summary>Whether this computer runs its programs.</summary>
    public bool IsOwn => this == Own;

    /// <summary>The folder of what is built for it: out, or out/arm64 for another computer's.</summary>
    public string OutFolder => IsOwn ? Repository.Out : Path.Combine(Repository.Out, Name);

    /// <summary>The architecture of a machine with such a processor.</summary>
    public MachineArchitecture Machine =>
        MachineArchitecture.Find(Name) ?? throw new BuildException($"The lab has no machine of {Name}.");

    /// <summary>Whether the lab has a KVM host with such a processor.</summary>
    public bool CanRunKvmGuests => IsOwn && Machine.RunsKvmGuests;

    /// <summary>The prefix of the compiler's programs, such as <c>aarch64-linux-gnu-</c>; empty for its own.</summary>
    public string CompilerPrefix => Machine.CompilerPrefix;

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
}
