namespace DmaBuf.Lab;

/// <summary>The exit code and output of a program on this computer.</summary>
/// <param name="ExitCode">The program's exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record HostResult(int ExitCode, string Output, string Error);
