using System.Runtime.InteropServices;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>
/// Makes the C library's look-up of a host's name hang. The library first reads a file of aliases (HOSTALIASES in
/// hostname(7)), and this file is a pipe to which nothing is written.
/// </summary>
internal sealed partial class HangingLookUp : IDisposable
{
    private const string Aliases = "HOSTALIASES";
    private const string Options = "RES_OPTIONS";
    private readonly Descriptors _before = Descriptors.Now();
    private FileStream? _writer;

    public HangingLookUp(string pipe)
    {
        Pipe = pipe;
        Assert.Equal(0, setenv(Aliases, pipe, 1));
        // Limits the wait for the name server once the look-up continues.
        Assert.Equal(0, setenv(Options, "timeout:1 attempts:1", 1));
    }

    public string Pipe { get; }

    /// <summary>Waits until the look-up hangs.</summary>
    public void AwaitBegin()
    {
        // Opening a pipe for writing waits for a reader.
        var opening = Task.Run(
            () => new FileStream(Pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0));
        Assert.True(opening.Wait(Eventually.Limit), "No look-up began.");
        _writer = opening.Result;
    }

    /// <summary>Lets the look-up continue and waits until it has closed everything that it opened.</summary>
    public void Dispose()
    {
        Assert.Equal(0, unsetenv(Aliases));
        _writer?.Dispose();
        Eventually.True(() => _before.AreBack, "the look-up is over");
        Assert.Equal(0, unsetenv(Options));
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unsetenv(string name);
}
