using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// The exporter's half of a channel's state: which shares there are and what the importer does with each. It has
/// neither input and output nor a clock of its own. For one thread at a time.
/// </summary>
internal sealed class ExportedShares(IChannelHost host, MessageWriter writer)
{
    private readonly Dictionary<ShareId, ExportedShare> _shares = [];
    private readonly Dictionary<DmaBuffer, ExportedShare> _ofBuffers = [];
    private readonly List<ExportedShare> _delayed = [];

    /// <summary>The live shares.</summary>
    public IReadOnlyCollection<ExportedShare> All => _shares.Values;

    /// <summary>The share with an id, or null.</summary>
    public ExportedShare? Find(ShareId id) => _shares.GetValueOrDefault(id);

    /// <summary>The share of a buffer, or null.</summary>
    public ExportedShare? Find(DmaBuffer buffer) => _ofBuffers.GetValueOrDefault(buffer);

    /// <summary>Announces a share.</summary>
    public void Publish(ExportedShare share)
    {
        _shares.Add(share.Id, share);
        if (share.Buffer is { } buffer)
            _ofBuffers.Add(buffer, share);
        writer.Publish(share.Id, share.Size, share.Metadata);
    }

    /// <summary>Sends a share's metadata again, and takes back that it was unpublished.</summary>
    public void Update(ExportedShare share, ShareMetadata metadata)
    {
        share.SetMetadata(metadata);
        share.WasReleased = false;
        share.UsesLatest = false;
        share.IsUnpublished = false;
        EndDelay(share);
        writer.Update(share.Id, metadata);
    }

    /// <summary>Ends a share for new imports; when nobody has its pages, altogether.</summary>
    public void Unpublish(ExportedShare share, uint delayMilliseconds, long now)
    {
        share.IsUnpublished = true;
        EndDelay(share);
        if (delayMilliseconds > 0)
        {
            share.UnpublishAt = now + delayMilliseconds;
            _delayed.Add(share);
        }

        writer.Unpublish(share.Id, delayMilliseconds);
        EndIfUnused(share);
    }

    /// <summary>Ends the shares whose delay is over.</summary>
    /// <returns>When the next one ends, or null.</returns>
    public long? Advance(long now)
    {
        long? next = null;
        for (var i = _delayed.Count - 1; i >= 0; i--)
        {
            var share = _delayed[i];
            var at = share.UnpublishAt!.Value;
            if (at > now)
            {
                next = Math.Min(at, next ?? at);
                continue;
            }

            EndDelay(share);
            EndIfUnused(share);
        }

        return next;
    }

    /// <summary>A share's turn has come: its access was granted, or its fences are done.</summary>
    public void Grant(ExportedShare share)
    {
        if (!share.Access.IsHeldBy(share))
            return;
        if (share is { State: ShareState.Importing, ArePagesSent: false })
            StartSharing(share);
        else if (share.IsAcquiring)
            Acquire(share);
        else if (share.State is ShareState.Offered or ShareState.Released)
            share.Access.Release(share);
    }

    /// <summary>Whether an import still waits for its pages.</summary>
    public static bool AwaitsPages(ExportedShare share) =>
        share is { State: ShareState.Importing, ArePagesSent: false } && share.Access.IsHeldBy(share);

    /// <summary>Answers an import with the pages, which the action writes.</summary>
    public void SendPages(ExportedShare share, IDisposable? lease, Action<MessageWriter> write)
    {
        share.Lease = lease;
        share.ArePagesSent = true;
        write(writer);
    }

    /// <summary>Answers an import whose pages could not be shared.</summary>
    public void RefusePages(ExportedShare share, string text)
    {
        writer.Refused(share.Id, share.Serial, RefusalReason.NoPages, text);
        EndImport(share, ChannelEventType.ImportFailed, text: text);
        EndIfUnused(share);
    }

    /// <summary>Handles a message from the importer.</summary>
    /// <returns>Whether it is one.</returns>
    public bool Receive(MessageType type, ref MessageReader message)
    {
        switch (type)
        {
            case MessageType.Import:
                OnImport(message.Id(), message.UInt32());
                break;
            case MessageType.Acquire:
                OnAcquire(message.Id(), message.UInt32(), message.UInt32() != 0);
                break;
            case MessageType.Imported:
                OnImported(Find(message.Id()));
                break;
            case MessageType.ImportFailed:
                OnImportFailed(Find(message.Id()), message.Text(MessageLimits.Text));
                break;
            case MessageType.Release:
                OnRelease(Find(message.Id()));
                break;
            case MessageType.Removed:
                OnRemoved(Find(message.Id()));
                break;
            default:
                return false;
        }

        message.End();
        return true;
    }

    /// <summary>The peer does not take a share.</summary>
    public void OnRefused(ExportedShare share, string text)
    {
        EndImport(share, ChannelEventType.Refused, text: text);
        End(share);
    }

    /// <summary>Ends all shares.</summary>
    public void Close(ChannelEndReason reason)
    {
        foreach (var share in _shares.Values.ToArray())
        {
            EndImport(share, share.ArePagesSent ? ChannelEventType.Removed : null, reason);
            End(share);
        }
    }

    /// <summary>An import has access, and shares the pages once the buffer's own fences allow it.</summary>
    private void StartSharing(ExportedShare share)
    {
        if (host.AreFencesDone(share))
            host.SharePages(share);
    }

    private void EndDelay(ExportedShare share)
    {
        if (share.UnpublishAt is not null)
            _delayed.Remove(share);
        share.UnpublishAt = null;
    }

    private void OnImport(ShareId id, uint serial)
    {
        if (Find(id) is not { } share)
        {
            writer.Refused(id, serial, RefusalReason.Unknown, "");
        }
        else if (share.State != ShareState.Offered)
        {
            throw OutOfState("import", share);
        }
        else if (share is { IsUnpublished: true, UnpublishAt: null })
        {
            writer.Refused(id, serial, RefusalReason.Unpublished, "");
        }
        else
        {
            share.Serial = serial;
            share.State = ShareState.Importing;
            share.WantsWrite = false;
            if (share.Access.Request(share, write: false))
                StartSharing(share);
        }
    }

    private void OnImported(ExportedShare? share)
    {
        if (share is null)
            return;
        CheckImporting("imported", share);
        share.State = ShareState.InUse;
        share.UsesLatest = true;
        share.TotalUsers++;
        host.Raise(ChannelEventType.Imported, share);
    }

    private void OnImportFailed(ExportedShare? share, string text)
    {
        if (share is null)
            return;
        CheckImporting("import failed", share);
        EndImport(share, ChannelEventType.ImportFailed, text: text);
        EndIfUnused(share);
    }

    private void OnAcquire(ShareId id, uint serial, bool write)
    {
        if (Find(id) is not { } share)
        {
            writer.Refused(id, serial, RefusalReason.Unknown, "");
            return;
        }

        if (share.State != ShareState.Released || share.IsAcquiring)
            throw OutOfState("acquire", share);
        share.Serial = serial;
        share.IsAcquiring = true;
        share.WantsWrite = write;
        if (share.Access.Request(share, write))
            Acquire(share);
    }

    private void Acquire(ExportedShare share)
    {
        if (!host.AreFencesDone(share))
            return;
        share.IsAcquiring = false;
        share.State = ShareState.InUse;
        share.UsesLatest = true;
        writer.Short(MessageType.Acquired, share.Id, share.Serial);
        host.Raise(ChannelEventType.Acquired, share);
    }

    private void OnRelease(ExportedShare? share)
    {
        switch (share)
        {
            case null:
                return;
            case { State: ShareState.InUse }:
                share.State = ShareState.Released;
                share.WasReleased |= share.UsesLatest;
                host.Raise(ChannelEventType.Released, share);
                share.Access.Release(share);
                break;
            case { IsAcquiring: true }:
                share.IsAcquiring = false;
                share.Access.Release(share);
                break;
            default:
                throw OutOfState("release", share);
        }
    }

    private void OnRemoved(ExportedShare? share)
    {
        // An import that its importer gave up may have been refused in the meantime.
        if (share is null or { State: ShareState.Offered })
            return;
        EndImport(share, share.ArePagesSent ? ChannelEventType.Removed : null, ChannelEndReason.Removed);
        EndIfUnused(share);
    }

    /// <summary>The importer has nothing of the share any more. The next use of the buffer begins last.</summary>
    private void EndImport(
        ExportedShare share,
        ChannelEventType? type = null,
        ChannelEndReason reason = ChannelEndReason.None,
        string? text = null)
    {
        share.WasReleased |= share.State == ShareState.InUse && share.UsesLatest;
        share.State = ShareState.Offered;
        share.ArePagesSent = false;
        share.IsAcquiring = false;
        if (share.Lease is { } lease)
            host.EndLease(lease);
        share.Lease = null;
        if (type is { } happened)
            host.Raise(happened, share, reason, text);
        share.Access.Release(share);
    }

    /// <summary>Carries on with an unpublished share whose delay is over: it ends once nobody has its pages.</summary>
    private void EndIfUnused(ExportedShare share)
    {
        if (share is not { IsUnpublished: true, UnpublishAt: null })
            return;
        if (share is { State: ShareState.Importing, ArePagesSent: false })
        {
            writer.Refused(share.Id, share.Serial, RefusalReason.Unpublished, "");
            EndImport(share);
        }

        if (share.State != ShareState.Offered)
            return;
        writer.Short(MessageType.Unpublished, share.Id);
        End(share);
        host.Raise(ChannelEventType.Unpublished, share);
    }

    private void End(ExportedShare share)
    {
        share.State = ShareState.Ended;
        EndDelay(share);
        host.OnEnded(share);
        _shares.Remove(share.Id);
        if (share.Buffer is { } buffer)
            _ofBuffers.Remove(buffer);
    }

    private void CheckImporting(string message, ExportedShare share)
    {
        if (share is not { State: ShareState.Importing, ArePagesSent: true })
            throw OutOfState(message, share);
    }

    private PeerException OutOfState(string message, ExportedShare share) =>
        MessageReader.Bad(host.Peer, $"sent '{message}' for a share in the state {share.State}");
}
