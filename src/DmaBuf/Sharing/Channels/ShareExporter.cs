using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>What a connection's exporter does for its user.</summary>
internal sealed class ShareExporter(ChannelConnection connection, ChannelTable table, PageExchange pages)
{
    private readonly ExportedShares _exported = connection.Protocol.Exported;
    private readonly ShareIdSource _ids = new();
    private List<ExportedShare> _forNext = [];

    /// <summary>Offers a buffer, or sends its metadata again. Called under the lock.</summary>
    /// <inheritdoc cref="Channel.Publish"/>
    public ExportedShare Publish(DmaBuffer buffer, ShareMetadata? metadata)
    {
        if (_exported.Find(buffer) is { } existing)
        {
            _exported.Update(existing, metadata ?? existing.Metadata);
            return existing;
        }

        pages.CheckCanShare(buffer);
        if (_exported.All.Count >= connection.PeerMaxShares)
        {
            throw new ShareException(ShareFault.TooMany,
                $"{connection.Peer} takes no more than {connection.PeerMaxShares} shares.",
                "Unpublish others first, or have the peer open the channel with a larger limit.");
        }

        var share = new ExportedShare(
            connection,
            _ids.Next(connection.OwnDomain),
            buffer,
            buffer.Size,
            metadata ?? ShareMetadata.Empty,
            table.Locks.AccessOf(buffer));
        // Under the lock, so that the share cannot end before it is attached. The buffer may have been removed.
        if (!table.Shares.Attach(buffer, share))
            throw NotInTable(buffer);
        _exported.Publish(share);
        return share;
    }

    /// <inheritdoc cref="ExportedShare.Unpublish"/>
    public void Unpublish(ExportedShare share, TimeSpan delay)
    {
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            // The channel has lost its connection, and publishes the share again once it has another.
            if (_forNext.Remove(share))
                return;
            if (!share.IsValid)
                throw share.Ended();
            var milliseconds = (uint)Math.Clamp(delay.TotalMilliseconds, 0, uint.MaxValue);
            _exported.Unpublish(share, milliseconds, Environment.TickCount64);
            connection.UpdateDeadline();
            table.Commit();
            table.WakeDispatcher();
        }
    }

    /// <inheritdoc cref="ExportedShare.WaitReleased"/>
    public void WaitReleased(ExportedShare share, WaitLimit limit)
    {
        table.CheckCanWait();
        lock (table.Sync)
        {
            try
            {
                while (share.IsValid
                    && !(share is { WasReleased: true, State: ShareState.Offered or ShareState.Released }))
                    table.WaitForChange(limit, $"{connection.Peer} to release {share}");
            }
            catch (WaitTimeoutException e)
            {
                throw e.ForRelease();
            }
        }
    }

    /// <summary>A share's buffer is being removed.</summary>
    public void OnBufferRemoved(ExportedShare share)
    {
        lock (table.Sync)
        {
            if (share.IsValid)
                Unpublish(share, default);
        }
    }

    /// <summary>
    /// Shares the pages for an import that has access. Called without the lock, because it can take long.
    /// </summary>
    public void SharePages(ExportedShare share)
    {
        lock (table.Sync)
        {
            if (!ExportedShares.AwaitsPages(share))
                return;
        }

        PageExchange.Offer? offer = null;
        string? problem = null;
        try
        {
            offer = pages.Share(share.Buffer!);
        }
        catch (DmaBufException e)
        {
            problem = e.Message;
        }

        lock (table.Sync)
        {
            if (ExportedShares.AwaitsPages(share))
            {
                if (offer is null)
                    _exported.RefusePages(share, problem!);
                else
                    _exported.SendPages(share, offer.Kept, offer.Write(share));
                offer = null;
            }

            table.Commit();
        }

        offer?.Dispose();
    }

    /// <summary>
    /// Remembers what is published when the connection ends, so that it can be published on the next one. Called under
    /// the lock.
    /// </summary>
    public void KeepForNext()
    {
        if (connection.Channel.Reconnects)
            _forNext = [.. _exported.All.Where(share => !share.IsUnpublished).OrderBy(share => share.Created)];
    }

    /// <summary>
    /// Publishes what was published when the connection before this one ended. A buffer that cannot be shared with the
    /// peer as it is now is told as refused. Called under the lock.
    /// </summary>
    public void PublishAgain(ShareExporter before)
    {
        foreach (var share in before._forNext)
        {
            if (!share.Buffer!.IsOpen)
                continue;
            try
            {
                Publish(share.Buffer, share.Metadata);
            }
            catch (BufferException e) when (e.Fault == BufferFault.Removed)
            {
                // It needs no peer any more.
            }
            catch (DmaBufException e)
            {
                connection.Channel.Raise(ChannelEventType.Refused, share, text: e.Message);
            }
        }

        before._forNext = [];
    }

    /// <summary>Why a buffer cannot get a share.</summary>
    public static DmaBufException NotInTable(DmaBuffer buffer) => buffer.IsOpen
        ? new ShareException(ShareFault.BadState, $"{buffer} is not in the table of buffers.",
            "Add it to the table first.")
        : BufferException.Removed(buffer);
}
