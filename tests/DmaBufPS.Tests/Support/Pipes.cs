namespace DmaBufPS.Tests;

/// <summary>The test's side of a named pipe.</summary>
internal static class Pipes
{
    /// <summary>Opens a pipe for both reading and writing, which does not wait for the other side.</summary>
    public static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
}
