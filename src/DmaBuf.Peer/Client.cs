using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Peer;

/// <summary>Takes a buffer from one peer, prints the text in it, writes a reply if there is one, and closes.</summary>
internal static class Client
{
    public static void Run(Endpoint endpoint, string? domain, string? reply, WaitLimit limit)
    {
        using var peers = new PeerSource(endpoint);
        using var buffer = domain is null ? Receive(peers, limit) : Import(peers, domain, limit);
        Sample.Print(buffer);
        if (reply is not null)
            Sample.WriteLine(buffer, reply);
    }

    private static DmaBuffer Receive(PeerSource peers, WaitLimit limit)
    {
        PeerConnection.CheckPassesDescriptors(peers.Endpoint);
        var peer = peers.Next(limit);
        try
        {
            return peer.ReceiveDescriptor(limit);
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    private static DmaBuffer Import(PeerSource peers, string domain, WaitLimit limit)
    {
        var buffer = GrantHandOff.Receive(peers, domain, ImportMethod.Any, limit);
        Sample.Print(GrantRefs.Of(buffer)!);
        Console.Error.WriteLine($"imported via {(buffer.IsDmaBuf ? "dmabuf" : "mapping")}");
        return buffer;
    }
}
