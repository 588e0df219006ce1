using System.Net.Sockets;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>A test with its own runspace and its own folder, which has a path for a socket.</summary>
public abstract class ModuleTest : IDisposable
{
    private readonly List<Socket> _peers = [];

    protected ModuleTest()
    {
        Shell["socket"] = SocketPath;
        Shell["refs"] = Shell.Run(
            "[DmaBuf.Grants.GrantRefs]@{ Domain = 3; PeerDomain = 5; Refs = [uint32[]](8..17) }")[0];
    }

    /// <summary>The runspace, with the variables <c>$socket</c>, a path, and <c>$refs</c>, some GrantRefs.</summary>
    private protected Shell Shell { get; } = new();

    private protected ScratchFolder Folder { get; } = new();

    private protected string SocketPath => Folder.At("s");

    /// <summary>The number of buffers that this process has open, in all runspaces.</summary>
    private protected int OpenBuffers => Shell.Run("Get-DmaBuf").Count;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Waits until a command listens on the socket.</summary>
    private protected void AwaitListener() =>
        Eventually.True(() => Peers.IsListening(SocketPath), "a command listens");

    /// <summary>
    /// Starts a script and stops it while it waits for a descriptor. If the wait to test is not the script's first, the
    /// action brings the script to it. Checks that the script leaves nothing open and that its peers notice its end.
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
    /// Creates a memfd, which any machine can do, and keeps it in <c>$buffer</c>. It is mapped at once, so that no
    /// tested command adds the mapping, which a buffer keeps.
    /// </summary>
    private protected void NewBuffer(string size = "4KB", string name = "tested") => Shell.Run($"""
        $buffer = New-UDmaBuf {size} -Backing MemFd -Name {name}
        $buffer | Write-DmaBufContent -Fill 0 -Count 1
        """);

    /// <summary>Registers a peer of a command; it is closed at the end of the test if not before.</summary>
    private protected Socket Peer(Socket peer)
    {
        _peers.Add(peer);
        return peer;
    }

    /// <summary>Sends <c>$buffer</c> to a peer, which keeps the buffer, and returns the peer.</summary>
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
