namespace DmaBuf.Peer;

/// <summary>Takes a buffer from one peer, prints the text in it, and closes.</summary>
internal static class Client
{
    public static void Run(Endpoint endpoint, ushort? domain, WaitLimit limit)
    {
        if (domain is null)
            PeerConnection.CheckPassesDescriptors(endpoint);
        using var peers = new PeerSource(endpoint);
        using var peer = peers.Next(limit);
        using var buffer = domain is null ? peer.ReceiveDescriptor(limit) : Import(peer, domain.Value, limit);
        Sample.Print(buffer);
    }

    private static DmaBuffer Import(PeerConnection peer, ushort domain, WaitLimit limit)
    {
        using var store = XenStore.Open(limit);
        var grants = GrantBlob.Receive(peer, domain, XenDomain.OwnId(store), limit);
        Sample.Print(grants);
        return GrantMapper.Import(grants);
    }
}
