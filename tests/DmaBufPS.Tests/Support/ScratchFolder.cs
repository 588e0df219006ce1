using System.Diagnostics;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>A temporary folder for one test.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dmabuf-");

    public bool IsEmpty => !_folder.EnumerateFileSystemInfos().Any();

    public string At(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Creates a named pipe and returns its path.</summary>
    public string Pipe(string name)
    {
        using var program = Process.Start("mkfifo", At(name));
        program.WaitForExit();
        Assert.Equal(0, program.ExitCode);
        return At(name);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
