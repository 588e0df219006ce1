using System.Net.Sockets;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>A test with a runspace of its own, and a folder with a path for a socket.</summary>
public abstract class ModuleTest : IDisposable
{
    private readonly List<Socket> _peers = [];

    protected ModuleTest()
    {
        Shell["socket"] = SocketPath;
        Shell["refs"] = Shell.Run(
            "[DmaBuf.Grants.GrantRefs]@{ Domain = 3; PeerDomain = 5; Refs = [uint32[]](8..17) }")[0];
    }

    /// <summary>It has the variables <c>$socket</c>, a path, and <c>$refs</c>, some GrantRefs.</summary>
    private protected Shell Shell { get; } = new();

    private protected ScratchFolder Folder { get; } = new();

    private protected string SocketPath => Folder.At("s");

    /// <summary>How many buffers this process has open, in whichever runspace.</summary>
    private protected int OpenBuffers => Shell.Run("Get-DmaBuf").Count;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns once a command listens on the socket.</summary>
    private protected void AwaitListener() => Eventually.True(() => File.Exists(SocketPath), "a command listens");

    /// <summary>
    /// Runs a script, brings it on to the wait that is meant, where that is not its first, and stops it while it waits
    /// for a descriptor there. It leaves nothing open, and its peers see that it is gone.
    /// </summary>
    private protected void StopWhileWaiting(string script, Action<RunningScript>? untilThere = null)
    {
        var buffers = OpenBuffers;
        var before = Descriptors.Now();
        using (var running = Shell.Start(script))
        {
            untilThere?.Invoke(running);
            running.AwaitPoll();
            running.Stop();
        }

        foreach (var peer in _peers)
        {
            Peers.AssertClosed(peer);
            peer.Dispose();
        }

        before.AssertNoMore();
        Assert.Equal(buffers, OpenBuffers);
    }

    /// <summary>
    /// Makes a memfd, which every machine can, and keeps it in <c>$buffer</c>. It is mapped from the start: no command
    /// that is tested adds the mapping, which a buffer keeps.
    /// </summary>
    private protected void NewBuffer(string size = "4KB", string name = "tested") => Shell.Run($"""
        $buffer = New-UDmaBuf {size} -Backing MemFd -Name {name}
        $buffer | Write-DmaBufContent -Fill 0 -Count 1
        """);

    /// <summary>A peer of a command, closed at the end of the test if not before.</summary>
    private protected Socket Peer(Socket peer)
    {
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Hands <c>$buffer</c> to a peer that has connected, and keeps it.</summary>
    private protected Socket SendToPeer()
    {
        using var sending = Shell.Start("$buffer | Send-DmaBufFd unixd:$socket");
        var peer = Peers.Connect(SocketPath);
        sending.FinishWithoutError();
        Peers.TakeByte(peer);
        return peer;
    }

    protected virtual void Dispose(bool disposing)
    {
        _peers.ForEach(peer => peer.Dispose());
        if (!Shell.IsStuck)
            Shell.Run("Get-DmaBuf | Remove-DmaBuf");
        Shell.Dispose();
        Folder.Dispose();
    }
}
