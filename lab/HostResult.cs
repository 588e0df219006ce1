namespace DmaBuf.Lab;

/// <summary>How a program of this computer ended and what it printed.</summary>
/// <param name="ExitCode">The program's exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record HostResult(int ExitCode, string Output, string Error);
