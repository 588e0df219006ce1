using System.Runtime.InteropServices;

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

    /// <summary>The prefix of the compiler's programs, such as <c>aarch64-linux-gnu-</c>; empty for its own.</summary>
    public string CompilerPrefix => IsOwn ? "" : Architecture switch
    {
        Architecture.Arm64 => "aarch64-linux-gnu-",
        Architecture.X64 => "x86_64-linux-gnu-",
        _ => throw new BuildException($"There is no cross compiler for {Name}."),
    };

    /// <summary>
    /// The Debian packages that compile and link C for another computer's processor, the kernel's headers included.
    /// </summary>
    public string[] CrossCompiler => Architecture switch
    {
        Architecture.Arm64 => ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
        Architecture.X64 => ["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross"],
        _ => throw new BuildException($"There is no cross compiler for {Name}."),
    };

    /// <summary>Reads the value of -Arch; without one, returns this computer's processor.</summary>
    public static Processor Parse(string? name) =>
        name is null
            ? Own
            : All.FirstOrDefault(processor => processor.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new BuildException(
                    $"-Arch must be {string.Join(" or ", All.Select(processor => processor.Name))}, not \"{name}\".");
}
