using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Transport;

/// <summary>
/// Offers one vchan after another to a domain. Each serves one client, so that the next is offered when the one before
/// has been taken.
/// </summary>
internal sealed class VchanListener : StreamListener
{
    /// <summary>64 KiB in each direction.</summary>
    private const int RingOrder = 16;
    private const int LookMilliseconds = 1000;
    private static readonly TimeSpan s_withdrawal = TimeSpan.FromSeconds(5);
    private readonly VchanNodes _nodes;
    private volatile Offer _offer;
    private volatile bool _isDisposed;

    private VchanListener(Endpoint endpoint, VchanNodes nodes, WaitLimit limit)
        : base(endpoint)
    {
        _nodes = nodes;
        _offer = new Offer(nodes, limit);
    }

    /// <inheritdoc cref="StreamListener.Listen"/>
    /// <exception cref="XenStoreException">Refused.</exception>
    public static VchanListener Open(Endpoint endpoint, WaitLimit limit) =>
        new(endpoint, VchanNodes.Of(endpoint, limit), limit);

    /// <inheritdoc/>
    /// <exception cref="KernelException">bind: EADDRINUSE where another process listens there now.</exception>
    public override ByteStream Accept(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            if (_offer.IsTaken)
                _offer = new Offer(_nodes, limit);
            if (_isDisposed)
            {
                _offer.Dispose();
                throw new KernelException("poll", Errno.EBADF, Endpoint.ToString());
            }

            if (_offer.TryTake() is { } parts)
                return new VchanStream(Endpoint, _nodes.Peer, parts.Memory, parts.Events, limit);
            if (!_offer.IsTaken && !_offer.Wait(LookMilliseconds, $"a peer to connect to {Endpoint}", limit))
                CheckNodes(limit);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _isDisposed = true;
        _offer.Dispose();
    }

    private void CheckNodes(WaitLimit limit)
    {
        using var store = XenStore.Open(limit);
        if (!_offer.IsIn(store))
            throw new KernelException("bind", Errno.EADDRINUSE, Endpoint.ToString());
    }

    /// <summary>One vchan, and its nodes until a client has taken it.</summary>
    private sealed class Offer : IDisposable
    {
        private readonly VchanNodes _nodes;
        private readonly EventChannel _events;
        private readonly VchanMemory _memory;
        private readonly uint _ringRef;
        private int _taken;

        public Offer(VchanNodes nodes, WaitLimit limit)
        {
            _nodes = nodes;
            _events = EventChannel.Offer(nodes.Peer);
            try
            {
                _memory = VchanMemory.Allocate(nodes.Peer, RingOrder, _events, out _ringRef);
                using var store = XenStore.Open(limit);
                nodes.Write(store, _ringRef, _events.Port);
            }
            catch
            {
                _memory?.Dispose();
                _events.Dispose();
                throw;
            }
        }

        /// <summary>Whether a client has taken it, or came and went, or it was disposed.</summary>
        public bool IsTaken => Volatile.Read(ref _taken) != 0;

        /// <summary>Returns the vchan if a client has come; the caller then owns it.</summary>
        public (VchanMemory Memory, EventChannel Events)? TryTake()
        {
            try
            {
                if (_memory.HasClient)
                {
                    if (Interlocked.Exchange(ref _taken, 1) != 0)
                        return null;
                    RemoveNodes();
                    return (_memory, _events);
                }

                // It came and went, and wrote nothing.
                if (_memory.PeerIsGone)
                    Dispose();
            }
            catch (ObjectDisposedException)
            {
                // Another thread ended the listener.
            }

            return null;
        }

        /// <summary>Waits for a client, for at most the given milliseconds. False when they have passed.</summary>
        public bool Wait(int milliseconds, string waitedFor, WaitLimit limit)
        {
            try
            {
                if (!limit.ForEvent(_events.Descriptor, Poll.POLLIN, milliseconds, waitedFor))
                    return false;
                _events.Take();
                return true;
            }
            catch (ObjectDisposedException)
            {
                throw new KernelException("poll", Errno.EBADF, waitedFor);
            }
        }

        /// <summary>Whether the nodes are this offer's still.</summary>
        public bool IsIn(XenStore store) => _nodes.Read(store) == (_ringRef, _events.Port);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _taken, 1) != 0)
                return;
            RemoveNodes();
            _memory.MarkGone();
            _memory.Dispose();
            _events.Dispose();
        }

        /// <summary>Removes the nodes, unless another process listens there now.</summary>
        private void RemoveNodes()
        {
            using var limit = new WaitLimit(s_withdrawal);
            try
            {
                using var store = XenStore.Open(limit);
                _nodes.Remove(store, _ringRef, _events.Port);
            }
            catch (DmaBufException)
            {
                // The nodes went with xenstored, or they stay, and the next one that listens there replaces them.
            }
        }
    }
}
