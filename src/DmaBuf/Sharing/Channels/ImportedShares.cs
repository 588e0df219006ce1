using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// The importer's half of a channel's state: which shares the peer has announced and what this side does with each. It
/// has neither input and output nor a clock of its own. For one thread at a time.
/// </summary>
internal sealed class ImportedShares(IChannelHost host, MessageWriter writer, int maxShares)
{
    private readonly Dictionary<ShareId, ImportedShare> _shares = [];

    /// <summary>The live shares.</summary>
    public IReadOnlyCollection<ImportedShare> All => _shares.Values;

    /// <summary>The share with an id, or null.</summary>
    public ImportedShare? Find(ShareId id) => _shares.GetValueOrDefault(id);

    /// <summary>Asks for a share's pages.</summary>
    /// <returns>The request, which the answer completes.</returns>
    /// <exception cref="ShareException">BadState: this side has them, or has asked.</exception>
    public PendingPages BeginImport(ImportedShare share)
    {
        if (share.State != ShareState.Offered)
        {
            throw new ShareException(ShareFault.BadState, $"This process has imported the {share} already.",
                "Use the buffer that the first import made.");
        }

        share.State = ShareState.Importing;
        share.Serial++;
        writer.Short(MessageType.Import, share.Id, share.Serial);
        return share.Pending = new PendingPages();
    }

    /// <summary>This side has made a buffer of the pages.</summary>
    /// <returns>False if the share has ended in the meantime.</returns>
    public bool CompleteImport(ImportedShare share, DmaBuffer? buffer)
    {
        if (share.State != ShareState.Importing)
            return false;
        share.Pending = null;
        share.State = ShareState.InUse;
        share.TotalUsers++;
        share.Imported = buffer;
        writer.Short(MessageType.Imported, share.Id);
        return true;
    }

    /// <summary>This side could not use the pages.</summary>
    public void FailImport(ImportedShare share, string text)
    {
        share.Pending = null;
        if (share.State != ShareState.Importing)
            return;
        share.State = ShareState.Offered;
        writer.ImportFailed(share.Id, text);
    }

    /// <summary>This side does not wait for the pages any more.</summary>
    public void CancelImport(ImportedShare share)
    {
        share.Pending?.Dispose();
        share.Pending = null;
        if (share.State != ShareState.Importing)
            return;
        share.State = ShareState.Offered;
        writer.Short(MessageType.Removed, share.Id);
    }

    /// <summary>Asks to use the buffer again.</summary>
    /// <exception cref="ShareException">BadState.</exception>
    public void BeginAcquire(ImportedShare share, bool write)
    {
        if (share.State != ShareState.Released || share.IsAcquiring)
        {
            throw new ShareException(ShareFault.BadState,
                $"The {share} cannot be acquired: it has not been imported and released.",
                "Import it first; release it after each use.");
        }

        share.IsAcquiring = true;
        share.IsRefused = false;
        share.Serial++;
        writer.Acquire(share.Id, share.Serial, write);
    }

    /// <summary>This side does not wait for the access any more.</summary>
    public void CancelAcquire(ImportedShare share)
    {
        if (!share.IsAcquiring)
            return;
        share.IsAcquiring = false;
        writer.Short(MessageType.Release, share.Id);
    }

    /// <summary>This side has stopped using the buffer, and keeps the pages.</summary>
    /// <exception cref="ShareException">BadState.</exception>
    public void Release(ImportedShare share)
    {
        if (share.State != ShareState.InUse)
            throw new ShareException(ShareFault.BadState, $"The {share} is not in use.", "Acquire it first.");
        share.State = ShareState.Released;
        writer.Short(MessageType.Release, share.Id);
    }

    /// <summary>The buffer that this side made of the pages is gone.</summary>
    public void Remove(ImportedShare share)
    {
        share.Imported = null;
        if (share.State is not (ShareState.InUse or ShareState.Released))
            return;
        share.State = ShareState.Offered;
        share.IsAcquiring = false;
        writer.Short(MessageType.Removed, share.Id);
    }

    /// <summary>Handles a message from the exporter.</summary>
    /// <returns>Whether it is one.</returns>
    public bool Receive(MessageType type, ref MessageReader message, long now)
    {
        switch (type)
        {
            case MessageType.Publish:
                OnPublish(ref message);
                break;
            case MessageType.Update:
                OnUpdate(Find(message.Id()), message.Rest());
                break;
            case MessageType.Unpublish:
                OnUnpublish(Find(message.Id()), message.UInt32(), now);
                break;
            case MessageType.Unpublished:
                OnUnpublished(Find(message.Id()));
                break;
            case MessageType.Acquired:
                OnAcquired(Find(message.Id()), message.UInt32());
                break;
            default:
                return false;
        }

        message.End();
        return true;
    }

    /// <summary>
    /// Handles the pages that an import asked for. They are let go where the import was given up in the meantime.
    /// </summary>
    /// <returns>The request whose answer is the descriptor in the next byte; null where nobody waits.</returns>
    /// <exception cref="PeerException">BadCount: they do not fit the share, or the way of this channel.</exception>
    public PendingPages? ReceivePages(ref MessageReader message)
    {
        var share = Find(message.Id());
        var serial = message.UInt32();
        var way = message.UInt32();
        if (way != (uint)host.PageKind)
            throw BadPages(host.Peer, share);
        var wanted = share?.State == ShareState.Importing && share.Serial == serial ? share.Pending : null;
        if (host.PageKind == PageKinds.Descriptor)
        {
            message.End();
            return wanted;
        }

        var (domain, total, first) = (message.UInt32(), message.UInt32(), message.UInt32());
        if (wanted is null)
            return null;
        if (host.PageKind == PageKinds.GuestPages)
        {
            return total <= MessageLimits.Ranges && domain <= int.MaxValue && first <= int.MaxValue
                && wanted.AddRanges(ref message, (int)domain, (int)total, (int)first)
                ? wanted
                : throw BadPages(host.Peer, share);
        }

        var expected = (share!.Size + GrantRefs.GrantPageSize - 1) / GrantRefs.GrantPageSize;
        if (domain != host.PeerDomain
            || expected != total
            || total > GrantMapper.MostPages
            || !wanted.Add(ref message, (int)total, (int)first))
            throw BadPages(host.Peer, share);
        return wanted;
    }

    /// <summary>The exporter refused an import or an acquire.</summary>
    public static void OnRefused(ImportedShare share, uint serial, RefusalReason reason, string text)
    {
        if (serial != share.Serial || !(share.IsAcquiring || share.State == ShareState.Importing))
            return;
        if (share.IsAcquiring)
        {
            share.IsAcquiring = false;
            share.IsRefused = true;
            return;
        }

        share.Pending?.Refusal = (reason, text);
        share.Pending = null;
        share.State = ShareState.Offered;
    }

    /// <summary>Ends all shares.</summary>
    public void Close()
    {
        foreach (var share in _shares.Values)
            End(share);
        _shares.Clear();
    }

    private static PeerException BadPages(string peer, ImportedShare? share) =>
        MessageReader.Bad(peer, $"sent pages that do not fit {share?.ToString() ?? "any share"}", PeerFault.BadCount);

    private static void End(ImportedShare share)
    {
        share.State = ShareState.Ended;
        share.IsAcquiring = false;
    }

    private void OnPublish(ref MessageReader message)
    {
        var (id, size) = (message.Id(), message.UInt64());
        var encoded = message.Rest();
        if (_shares.ContainsKey(id) || size is 0 or > long.MaxValue)
        {
            throw MessageReader.Bad(host.Peer, "published an id twice or a size that cannot be");
        }

        if (_shares.Count >= maxShares)
        {
            writer.Refused(id, 0, RefusalReason.TooMany, "");
            return;
        }

        var metadata = new MessageReader(encoded, host.Peer).Metadata((long)size);
        var share = new ImportedShare(host, id, (long)size, encoded, metadata);
        _shares.Add(id, share);
        host.Raise(ChannelEventType.Published, share);
    }

    private void OnUpdate(ImportedShare? share, ReadOnlySpan<byte> encoded)
    {
        if (share is null)
            return;
        share.SetMetadata(encoded, host.Peer);
        share.IsUnpublished = false;
        share.UnpublishAt = null;
        host.Raise(ChannelEventType.Updated, share);
    }

    private void OnUnpublish(ImportedShare? share, uint delayMilliseconds, long now)
    {
        if (share is null)
            return;
        share.IsUnpublished = true;
        share.UnpublishAt = delayMilliseconds == 0 ? null : now + delayMilliseconds;
        host.Raise(ChannelEventType.Unpublishing, share);
    }

    private void OnUnpublished(ImportedShare? share)
    {
        if (share is null)
            return;
        _shares.Remove(share.Id);
        End(share);
        host.Raise(ChannelEventType.Unpublished, share);
    }

    private static void OnAcquired(ImportedShare? share, uint serial)
    {
        if (share is not { IsAcquiring: true } || share.Serial != serial)
            return;
        share.IsAcquiring = false;
        share.State = ShareState.InUse;
    }
}
