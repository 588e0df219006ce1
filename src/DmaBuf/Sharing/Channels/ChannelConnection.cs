using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// One connection of a channel: carries the protocol's messages in both directions, and notices the end. What both
/// sides share on it ends with it.
/// </summary>
internal sealed class ChannelConnection : IChannelHost, IDisposable
{
    private const int TooMuchToSend = 4 << 20;
    private readonly ChannelTable _table;
    private readonly OpenedStream _opened;
    private readonly Outbox _outbox = new();
    private readonly Inbox _inbox;
    private bool _saidBye;

    public ChannelConnection(Channel channel, ChannelTable table, OpenedStream opened)
    {
        _table = table;
        _opened = opened;
        _inbox = new Inbox(Peer);
        Channel = channel;
        Protocol = new ChannelProtocol(this, _outbox, channel.MaxShares);
        Exporter = new ShareExporter(this, table, opened.Pages);
        Importer = new ShareImporter(this, table, opened.Pages);
    }

    public Channel Channel { get; }

    public ByteStream Stream => _opened.Stream;

    /// <inheritdoc/>
    public string Peer => Stream.Peer;

    /// <inheritdoc/>
    public PageKinds PageKind => _opened.Pages.Kind;

    /// <inheritdoc/>
    public ushort OwnDomain => _opened.Pages.OwnDomain;

    /// <inheritdoc/>
    public ushort PeerDomain => _opened.Peer.Domain;

    /// <summary>How many live shares of this side the peer takes.</summary>
    public int PeerMaxShares => (int)Math.Min(_opened.Peer.MaxShares, int.MaxValue);

    public ChannelProtocol Protocol { get; }

    /// <summary>What this side does with its own shares.</summary>
    public ShareExporter Exporter { get; }

    /// <summary>What this side does with the peer's shares.</summary>
    public ShareImporter Importer { get; }

    /// <summary>False once the connection has ended.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>How many bytes the stream has not taken yet.</summary>
    public int OutputCount => _outbox.Count;

    /// <summary>
    /// When the next share ends whose delay runs, or null; see <see cref="ChannelShare.UnpublishAt"/>.
    /// </summary>
    public long? NextDeadline { get; private set; }

    /// <summary>
    /// Whether something may be there to read without another event: on a vchan, events tell only of what is new.
    /// </summary>
    public bool NeedsLook { get; private set; } = true;

    /// <summary>When to look for the peer again, where it can vanish.</summary>
    public long LookForPeerAt { get; set; }

    /// <summary>Sends what goes. Called under the lock.</summary>
    public void Flush()
    {
        try
        {
            if (_outbox.Count > TooMuchToSend)
            {
                throw new PeerException(PeerFault.Stalled, Stream.Peer, "does not read what it is sent",
                    "Look at its own messages.");
            }

            _outbox.Flush(Stream);
        }
        catch (KernelException e)
        {
            _outbox.Clear();
            // If the peer is gone, what it sent before that is read first, and ends the connection.
            if (!IsEnd(e))
                End(e);
        }
        catch (PeerException e)
        {
            End(e);
        }
    }

    /// <summary>Reads and handles what came. Called by the one who serves, without the lock.</summary>
    public void OnReady()
    {
        const int Rounds = 8;
        try
        {
            Stream.TakeEvent();
            NeedsLook = false;
            for (var round = 0; round < Rounds; round++)
            {
                var received = _inbox.Fill(Stream);
                if (received < 0)
                    return;
                lock (_table.Sync)
                {
                    if (!IsOpen)
                        return;
                    Handle(received);
                }
            }

            NeedsLook = true;
        }
        catch (DmaBufException e)
        {
            lock (_table.Sync)
                End(e);
        }
    }

    /// <summary>Ends the shares whose delay is over. Called under the lock.</summary>
    public void UpdateDeadline() => NextDeadline = Protocol.Exported.Advance(Environment.TickCount64);

    /// <summary>Tells the peer, once, that this side disconnects. Called under the lock.</summary>
    public void SayBye()
    {
        if (!IsOpen || _saidBye)
            return;
        _saidBye = true;
        Protocol.Writer.Bye();
    }

    /// <summary>Ends the connection on this side's wish. Called under the lock.</summary>
    public void Close() => End(ChannelEndReason.Closed, null);

    /// <summary>Ends the connection after an unexpected failure. Called under the lock.</summary>
    public void Fail(Exception failure) => End(ChannelEndReason.Broken, failure.Message);

    /// <summary>Frees the stream. Called by the dispatcher's thread, once nobody polls it any more.</summary>
    public void Dispose()
    {
        Stream.Dispose();
        _inbox.Dispose();
        _outbox.Dispose();
    }

    void IChannelHost.Raise(ChannelEventType type, ChannelShare? share, ChannelEndReason reason, string? text) =>
        Channel.Raise(type, share, reason, text);

    void IChannelHost.SharePages(ExportedShare share) => _table.Enqueue(share);

    void IChannelHost.EndLease(IDisposable lease) => _table.Enqueue(lease);

    bool IChannelHost.AreFencesDone(ExportedShare share) => _table.AreFencesDone(share);

    void IChannelHost.OnGranted(ExportedShare share) => Protocol.Exported.Grant(share);

    void IChannelHost.OnEnded(ExportedShare share) => _table.Shares.Detach(share.Buffer!, share);

    void IChannelHost.OnBufferRemoved(ExportedShare share) => Exporter.OnBufferRemoved(share);

    private static bool IsEnd(DmaBufException failure) =>
        failure is KernelException { Errno: Errno.EPIPE or Errno.ECONNRESET };

    private void Handle(int received)
    {
        Protocol.Receive(_inbox, Environment.TickCount64);
        UpdateDeadline();
        if (Protocol.PeerSaidBye)
            End(ChannelEndReason.PeerDisconnected, null);
        else if (received == 0)
            End(ChannelEndReason.PeerEnded, null);
    }

    /// <summary>Ends the connection after a failure. A peer that broke the protocol is told.</summary>
    private void End(DmaBufException failure)
    {
        if (!IsOpen)
            return;
        if (failure is PeerException { Fault: not (PeerFault.Stalled or PeerFault.Incompatible) })
        {
            Protocol.Writer.Error(failure.Message);
            Flush();
        }

        var isEnd = IsEnd(failure);
        End(isEnd ? ChannelEndReason.PeerEnded : ChannelEndReason.Broken, isEnd ? null : failure.Message);
    }

    private void End(ChannelEndReason reason, string? text)
    {
        if (!IsOpen)
            return;
        IsOpen = false;
        Exporter.KeepForNext();
        Protocol.Close(reason);
        _table.OnDisconnected(this);
        Channel.OnDisconnected(reason, text);
    }
}
