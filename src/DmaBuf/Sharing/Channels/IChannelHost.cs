namespace DmaBuf.Sharing.Channels;

/// <summary>
/// What the protocol's state asks of the connection around it. All calls come under the table's lock, so the host only
/// takes note of what can block.
/// </summary>
internal interface IChannelHost
{
    /// <summary>What failures call the peer.</summary>
    string Peer { get; }

    /// <summary>The way in which pages cross.</summary>
    PageKinds PageKind { get; }

    /// <summary>This side's domain, or 0x7FF0 outside Xen.</summary>
    ushort OwnDomain { get; }

    /// <summary>The peer's domain, or 0x7FF0 outside Xen.</summary>
    ushort PeerDomain { get; }

    /// <summary>Tells the user.</summary>
    void Raise(
        ChannelEventType type,
        ChannelShare? share,
        ChannelEndReason reason = ChannelEndReason.None,
        string? text = null);

    /// <summary>
    /// Shares the pages of a buffer that the peer may now use, and answers with <see cref="ExportedShares.SendPages"/>
    /// or <see cref="ExportedShares.RefusePages"/>.
    /// </summary>
    void SharePages(ExportedShare share);

    /// <summary>Ends what kept pages shared.</summary>
    void EndLease(IDisposable lease);

    /// <summary>
    /// Whether the buffer's own fences allow the access that the share wants. If not, the host calls
    /// <see cref="ExportedShares.Grant"/> once they do.
    /// </summary>
    bool AreFencesDone(ExportedShare share);

    /// <summary>A share that waited for access has it; the host calls <see cref="ExportedShares.Grant"/>.</summary>
    void OnGranted(ExportedShare share);

    /// <summary>A share of this side has ended.</summary>
    void OnEnded(ExportedShare share);

    /// <summary>A share's buffer is being removed.</summary>
    void OnBufferRemoved(ExportedShare share);
}
