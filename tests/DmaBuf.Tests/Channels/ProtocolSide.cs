using DmaBuf.Sharing.Channels;

namespace DmaBuf.Tests;

/// <summary>One side of the protocol without any input or output: a test carries the bytes and the time.</summary>
internal sealed class ProtocolSide : IChannelHost, IDisposable
{
    private readonly Inbox _inbox;
    private readonly Queue<ExportedShare> _toShare = new();

    public ProtocolSide(string name, int maxShares = 16)
    {
        Peer = name;
        _inbox = new Inbox(name);
        Protocol = new ChannelProtocol(this, Outbox, maxShares);
    }

    public string Peer { get; }

    public PageKinds PageKind { get; init; } = PageKinds.GrantRefs;

    public ushort OwnDomain => 1;

    public ushort PeerDomain => 1;

    public Outbox Outbox { get; } = new();

    public ChannelProtocol Protocol { get; }

    public List<(ChannelEventType Type, ShareId? Id)> Events { get; } = [];

    /// <summary>How many leases are held: one for each import.</summary>
    public int Leases { get; private set; }

    /// <summary>Announces a share of one page.</summary>
    public ExportedShare Publish(ShareId id, AccessLock access)
    {
        var share = new ExportedShare(this, id, null, 4096, ShareMetadata.Empty, access);
        Protocol.Exported.Publish(share);
        return share;
    }

    /// <summary>Answers the oldest import that waits for its pages.</summary>
    public bool ServePages()
    {
        if (!_toShare.TryDequeue(out var share))
            return false;
        if (ExportedShares.AwaitsPages(share))
        {
            Leases++;
            Protocol.Exported.SendPages(
                share, new Lease(this), writer => writer.Pages(share.Id, share.Serial, OwnDomain, [8]));
        }

        return true;
    }

    /// <summary>Takes over whatever pages have arrived, as a thread that waits for them does.</summary>
    public bool TakePages()
    {
        var share = Protocol.Imported.All.FirstOrDefault(
            share => share is { State: ShareState.Importing, Pending.IsComplete: true });
        if (share is null)
            return false;
        return Protocol.Imported.CompleteImport(share, null);
    }

    /// <summary>Handles bytes from the other side.</summary>
    public void Receive(ReadOnlySpan<byte> bytes, long now)
    {
        _inbox.Add(bytes);
        Protocol.Receive(_inbox, now);
    }

    /// <summary>Carries up to so many bytes to the other side.</summary>
    public bool CarryTo(ProtocolSide other, int count, long now)
    {
        count = Math.Min(Math.Min(count, Outbox.Count), MessageLimits.Body);
        if (count == 0)
            return false;
        other.Receive(Outbox.Take(count), now);
        return true;
    }

    public void Dispose()
    {
        _inbox.Dispose();
        Outbox.Dispose();
    }

    void IChannelHost.Raise(ChannelEventType type, ChannelShare? share, ChannelEndReason reason, string? text) =>
        Events.Add((type, share?.Id));

    void IChannelHost.SharePages(ExportedShare share) => _toShare.Enqueue(share);

    void IChannelHost.EndLease(IDisposable lease) => lease.Dispose();

    bool IChannelHost.AreFencesDone(ExportedShare share) => true;

    void IChannelHost.OnGranted(ExportedShare share) => Protocol.Exported.Grant(share);

    void IChannelHost.OnEnded(ExportedShare share)
    {
    }

    void IChannelHost.OnBufferRemoved(ExportedShare share)
    {
    }

    private sealed class Lease(ProtocolSide side) : IDisposable
    {
        public void Dispose() => side.Leases--;
    }
}
