namespace DmaBuf.Build;

/// <summary>A task cannot go on; the message is one line for a person.</summary>
internal sealed class BuildException(string message) : Exception(message);
