using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Transport;

/// <summary>Connects to a domain that offers a vchan.</summary>
internal static class VchanConnector
{
    /// <inheritdoc cref="StreamConnector.Connect"/>
    public static ByteStream Connect(Endpoint endpoint, WaitLimit limit)
    {
        var nodes = VchanNodes.Of(endpoint, limit);
        using var store = XenStore.Open(limit);
        if (nodes.Read(store) is not { } offer || EventChannel.TryBind(nodes.Peer, offer.Port) is not { } events)
            throw Refused(endpoint);
        try
        {
            var memory = VchanMemory.TryMap(nodes.Peer, offer.RingRef, events, endpoint.ToString())
                ?? throw Refused(endpoint);
            events.Notify();
            return new VchanStream(endpoint, nodes.Peer, memory, events, limit);
        }
        catch
        {
            events.Dispose();
            throw;
        }
    }

    /// <summary>The failure of any connection where nothing listens.</summary>
    private static KernelException Refused(Endpoint endpoint) =>
        new("connect", Errno.ECONNREFUSED, endpoint.ToString());
}
