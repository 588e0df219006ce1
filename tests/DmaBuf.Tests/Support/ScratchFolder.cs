using System.Diagnostics;

namespace DmaBuf.Tests;

/// <summary>A temporary folder for one test.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private const int Tries = 100;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dmabuf-");

    public string File(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Creates a named pipe and returns its path.</summary>
    public string Pipe(string name)
    {
        Process.Start("mkfifo", File(name)).WaitForExit();
        return File(name);
    }

    public bool IsEmpty => !_folder.EnumerateFileSystemInfos().Any();

    public void Dispose()
    {
        for (var i = 1; ; i++)
        {
            try
            {
                _folder.Delete(recursive: true);
                return;
            }
            catch (IOException) when (i < Tries)
            {
                // A thread that is just ending can still make a socket's file in it.
                Thread.Sleep(10);
            }
        }
    }
}
