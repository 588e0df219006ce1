namespace DmaBufPS.Tests;

/// <summary>The test's side of a named pipe.</summary>
internal static class Pipes
{
    /// <summary>Opens a pipe for reading and writing at once: that waits for nobody.</summary>
    public static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
}
