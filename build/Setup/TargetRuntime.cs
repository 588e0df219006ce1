namespace DmaBuf.Build;

/// <summary>A .NET runtime that assemblies are compiled for ahead of time.</summary>
/// <param name="Processor">The processor that it runs on.</param>
/// <param name="Framework">The folder of its assemblies.</param>
internal sealed record TargetRuntime(Processor Processor, string Framework)
{
    /// <summary>The runtime that runs this program.</summary>
    public static TargetRuntime Own { get; } = new(Processor.Own, DotNet.Framework);
}
