using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Transport;

/// <summary>A stream between two domains in memory that they share: Xen's vchan, in libxenvchan's protocol.</summary>
/// <remarks>
/// One event channel wakes readers and writers. Only one thread at a time waits for its events and takes them; it then
/// wakes the others, which also look again by themselves. A domain that is destroyed sends no event, and its memory
/// stays as it was: where this domain sees the peer's node in xenstore, a wait looks for it once a second.
/// </remarks>
internal sealed class VchanStream : ByteStream
{
    private const int LookAgainMilliseconds = 20;
    private const int LookForPeerMilliseconds = 1000;
    private readonly VchanMemory _memory;
    private readonly EventChannel _events;
    private readonly string _reading;
    private readonly string _writing;
    private readonly bool _seesPeer;
    private volatile bool _isDestroyed;
    private int _taking;
    private volatile bool _isReset;
    private volatile bool _hasEnded;
    private int _disposed;

    /// <param name="endpoint">The address.</param>
    /// <param name="domain">The peer's domain.</param>
    /// <param name="memory">The memory, which the stream takes over.</param>
    /// <param name="events">The event channel, which the stream takes over.</param>
    /// <param name="limit">The time limit for a look at xenstore.</param>
    public VchanStream(Endpoint endpoint, ushort domain, VchanMemory memory, EventChannel events, WaitLimit limit)
        : base(endpoint, PeerIdentity.OfDomain(domain))
    {
        _memory = memory;
        _events = events;
        _reading = $"data from {Peer}";
        _writing = $"{Peer} to read";
        try
        {
            _seesPeer = SeesPeer(limit);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A condition to wait for.</summary>
    private delegate bool Condition(VchanStream stream);

    /// <inheritdoc/>
    public override bool IsReset => HasEnded && _isReset;

    /// <inheritdoc/>
    internal override bool HasEnded
    {
        get
        {
            try
            {
                if (!_hasEnded)
                    Look();
            }
            catch (ObjectDisposedException)
            {
            }

            return _hasEnded;
        }
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> bytes, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (!bytes.IsEmpty)
        {
            if (HasEnded)
                throw new KernelException("send", Errno.EPIPE, Peer);
            var sent = Write(bytes);
            bytes = bytes[sent..];
            if (sent == 0)
                Wait(static stream => stream.CanWrite(), _writing, limit);
        }
    }

    /// <inheritdoc/>
    public override int Receive(Span<byte> buffer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            // First, because the peer may write and then close.
            var hasEnded = HasEnded;
            var received = Read(buffer);
            HasReceived |= received > 0;
            if (received > 0 || hasEnded || buffer.IsEmpty)
                return received;
            Wait(static stream => stream.CanRead(), _reading, limit);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _memory.MarkGone();
        _events.Notify();
        _memory.Dispose();
        _events.Dispose();
        RaiseClosed();
    }

    /// <inheritdoc/>
    internal override FileDescriptor Descriptor => _events.Descriptor;

    /// <inheritdoc/>
    /// <remarks>One event stands for both directions.</remarks>
    internal override short EventsFor(bool writing) => Poll.POLLIN;

    /// <inheritdoc/>
    internal override bool TellsOfUnread => false;

    /// <inheritdoc/>
    internal override void TakeEvent() => _events.Take();

    /// <inheritdoc/>
    internal override int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (HasEnded)
            throw new KernelException("send", Errno.EPIPE, Peer);
        var sent = Write(bytes);
        return sent == 0 && CanWrite() ? Write(bytes) : sent;
    }

    /// <inheritdoc/>
    internal override int TryReceive(Span<byte> buffer, out FileDescriptor? descriptor)
    {
        descriptor = null;
        // First, because the peer may write and then close.
        var hasEnded = HasEnded;
        var received = Read(buffer);
        if (received == 0 && !hasEnded && CanRead())
        {
            hasEnded = HasEnded;
            received = Read(buffer);
        }

        HasReceived |= received > 0;
        return received > 0 || hasEnded ? received : -1;
    }

    /// <inheritdoc/>
    internal override bool CanVanish => _seesPeer;

    /// <inheritdoc/>
    internal override void LookForPeer(WaitLimit limit)
    {
        try
        {
            if (_seesPeer)
                _isDestroyed |= !SeesPeer(limit);
        }
        catch (WaitTimeoutException)
        {
            // xenstore did not answer in time; the next look asks again.
        }
    }

    /// <inheritdoc/>
    internal override void WaitForEnd(WaitLimit limit)
    {
        try
        {
            Wait(static stream => stream.HasEnded, $"{Peer} to close the connection", limit);
        }
        catch (KernelException) when (_hasEnded)
        {
            // Another thread saw the end first, and disposed this side.
        }
    }

    private void Look()
    {
        using var hold = _memory.Keep();
        if (!_memory.PeerIsGone && !_isDestroyed)
            return;
        _isReset = _memory.Output.Unread != 0;
        _hasEnded = true;
    }

    private int Write(ReadOnlySpan<byte> bytes)
    {
        using var hold = _memory.Keep();
        return Told(_memory.Output.Write(bytes), VchanMemory.NotifyWrite);
    }

    private int Read(Span<byte> bytes)
    {
        using var hold = _memory.Keep();
        return Told(_memory.Input.Read(bytes), VchanMemory.NotifyRead);
    }

    /// <summary>Checks a count, and notifies the peer of the change if it asked for that.</summary>
    private int Told(int count, byte change)
    {
        if (count < 0)
        {
            throw new PeerException(
                PeerFault.BadRing, Peer, "wrote impossible indices into the ring",
                "It does not speak libxenvchan's protocol, or it failed.");
        }

        if (count > 0 && _memory.TakeAsked(change))
            _events.Notify();
        return count;
    }

    private bool CanWrite()
    {
        using var hold = _memory.Keep();
        if (_memory.Output.Space != 0)
            return true;
        // Asking earlier would make the peer send an event for what this side has seen already.
        _memory.Ask(VchanMemory.NotifyRead);
        return _memory.Output.Space != 0 || HasEnded;
    }

    private bool CanRead()
    {
        using var hold = _memory.Keep();
        if (_memory.Input.Ready != 0)
            return true;
        _memory.Ask(VchanMemory.NotifyWrite);
        return _memory.Input.Ready != 0 || HasEnded;
    }

    private void Wait(Condition isReady, string waitedFor, WaitLimit limit)
    {
        try
        {
            WaitUntil(isReady, waitedFor, limit);
        }
        catch (WaitTimeoutException e)
        {
            throw e.ForConnected();
        }
        catch (ObjectDisposedException)
        {
            throw new KernelException("poll", Errno.EBADF, waitedFor);
        }
    }

    /// <summary>Whether this domain sees the peer's; true where xenstore does not answer.</summary>
    private bool SeesPeer(WaitLimit limit)
    {
        try
        {
            using var store = XenStore.Open(limit);
            return XenDomain.Exists(store, Remote.Domain!.Value);
        }
        catch (DmaBufException e) when (e is XenStoreException or KernelException)
        {
            return true;
        }
    }

    private void WaitUntil(Condition isReady, string waitedFor, WaitLimit limit)
    {
        while (true)
        {
            if (Interlocked.CompareExchange(ref _taking, 1, 0) != 0)
            {
                if (isReady(this))
                    return;
                limit.ForEvent(_events.Descriptor, Poll.POLLIN, LookAgainMilliseconds, waitedFor);
                continue;
            }

            try
            {
                // Another thread may have taken the event that was for this one. From here on, none does.
                if (isReady(this))
                    return;
                var slice = _seesPeer ? LookForPeerMilliseconds : -1;
                if (limit.ForEvent(_events.Descriptor, Poll.POLLIN, slice, waitedFor))
                    _events.Take();
                else
                    _isDestroyed = !SeesPeer(limit);
            }
            finally
            {
                Volatile.Write(ref _taking, 0);
                _events.Descriptor.Wake();
            }
        }
    }
}
