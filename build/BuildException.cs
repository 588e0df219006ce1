namespace DmaBuf.Build;

/// <summary>Thrown when a task cannot go on; the message is one line for the user.</summary>
internal sealed class BuildException(string message) : Exception(message);
