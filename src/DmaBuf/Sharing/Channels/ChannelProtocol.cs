using DmaBuf.Errors;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// One side of a channel's protocol: what both halves of it do with the messages that come. It has neither input and
/// output nor a clock of its own. For one thread at a time. See docs/protocol.md.
/// </summary>
internal sealed class ChannelProtocol
{
    private readonly IChannelHost _host;
    private bool _awaitsDescriptor;
    private PendingPages? _descriptorFor;

    /// <param name="host">The channel.</param>
    /// <param name="outbox">Where its messages go.</param>
    /// <param name="maxShares">How many shares of the peer it takes.</param>
    public ChannelProtocol(IChannelHost host, Outbox outbox, int maxShares)
    {
        _host = host;
        Writer = new MessageWriter(outbox);
        Exported = new ExportedShares(host, Writer);
        Imported = new ImportedShares(host, Writer, maxShares);
    }

    /// <summary>Writes messages.</summary>
    public MessageWriter Writer { get; }

    /// <summary>This side's shares.</summary>
    public ExportedShares Exported { get; }

    /// <summary>The peer's shares.</summary>
    public ImportedShares Imported { get; }

    /// <summary>Whether the peer said that it disconnects.</summary>
    public bool PeerSaidBye { get; private set; }

    /// <summary>Handles all whole messages that are there.</summary>
    /// <exception cref="PeerException">The peer broke the protocol, or says that this side did.</exception>
    public void Receive(Inbox inbox, long now)
    {
        while (true)
        {
            if (_awaitsDescriptor)
            {
                if (inbox.TakeDescriptor() is not { } descriptor)
                    break;
                _awaitsDescriptor = false;
                if (_descriptorFor is { } wanted)
                    wanted.Add(descriptor);
                else
                    descriptor.Dispose();
                _descriptorFor = null;
            }

            if (!inbox.TryTake(out var type, out var flags, out var body))
                break;
            Receive(type, flags, body, now);
        }

        inbox.CheckTaken();
    }

    /// <summary>Ends all shares.</summary>
    public void Close(ChannelEndReason reason)
    {
        Exported.Close(reason);
        Imported.Close();
    }

    private void Receive(MessageType type, ushort flags, ReadOnlySpan<byte> body, long now)
    {
        var message = new MessageReader(body, _host.Peer);
        if (Exported.Receive(type, ref message) || Imported.Receive(type, ref message, now))
            return;
        switch (type)
        {
            case MessageType.Pages:
                _descriptorFor = Imported.ReceivePages(ref message);
                _awaitsDescriptor = _host.PageKind == PageKinds.Descriptor;
                break;
            case MessageType.Refused:
                OnRefused(ref message);
                break;
            case MessageType.Bye:
                message.End();
                PeerSaidBye = true;
                break;
            case MessageType.Error:
                throw new PeerException(PeerFault.Incompatible, _host.Peer,
                    $"ended the channel: {message.Text(MessageLimits.Text)}", "Look at its own messages.");
            default:
                if ((flags & MessageLimits.Optional) == 0)
                    throw MessageReader.Bad(_host.Peer, $"sent a message of the type {type}");

                break;
        }
    }

    private void OnRefused(ref MessageReader message)
    {
        var (id, serial, reason) = (message.Id(), message.UInt32(), (RefusalReason)message.UInt16());
        var text = message.Text(MessageLimits.Text);
        message.End();
        if (Exported.Find(id) is { } exported)
            Exported.OnRefused(exported, text);
        else if (Imported.Find(id) is { } imported)
            ImportedShares.OnRefused(imported, serial, reason, text);
    }
}
