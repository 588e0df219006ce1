using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>What a channel's importer does in several steps, with waits for the exporter between them.</summary>
internal sealed class ShareImporter(Channel channel, ChannelTable table, PageExchange pages)
{
    private readonly ImportedShares _imported = channel.Connection.Protocol.Imported;
    private readonly string _waitsForPages = $"{channel.Peer} to share the pages";

    /// <inheritdoc cref="Channel.Import"/>
    public DmaBuffer Import(ImportedShare share, ImportMethod method, WaitLimit limit, object? owner, string? name)
    {
        using var arrived = AwaitPages(share, limit);
        DmaBuffer? buffer = null;
        try
        {
            buffer = pages.Import(arrived, share, method);
            if (name is not null)
                buffer.Name = name;
        }
        catch (DmaBufException e)
        {
            buffer?.Dispose();
            lock (table.Sync)
            {
                _imported.FailImport(share, e.Message);
                table.Commit();
            }

            throw;
        }

        buffer.OwnPeer(new ImportLink(this, share));
        bool completed;
        lock (table.Sync)
        {
            completed = _imported.CompleteImport(share, buffer);
            table.Commit();
        }

        if (!completed)
        {
            buffer.Dispose();
            throw channel.IsOpen ? Channel.Ended(share) : channel.ChannelClosed();
        }

        return table.Shares.Add(buffer, owner);
    }

    /// <inheritdoc cref="Channel.Acquire"/>
    public void Acquire(ImportedShare share, bool write, WaitLimit limit)
    {
        lock (table.Sync)
        {
            channel.WaitForRoom(limit);
            _imported.BeginAcquire(share, write);
            table.Commit();
            try
            {
                while (share.IsAcquiring)
                    limit.ForPulse(table.Sync, "the exporter to allow the access");
            }
            catch (Exception e)
            {
                _imported.CancelAcquire(share);
                table.Commit();
                if (e is WaitTimeoutException late)
                    throw late.ForConnected();
                throw;
            }

            if (share.State != ShareState.InUse)
                throw Refusal(share);
        }
    }

    private void Remove(ImportedShare share)
    {
        lock (table.Sync)
        {
            _imported.Remove(share);
            table.Commit();
        }
    }

    private PendingPages AwaitPages(ImportedShare share, WaitLimit limit)
    {
        lock (table.Sync)
        {
            channel.WaitForRoom(limit);
            if (!share.IsValid)
                throw Channel.Ended(share);
            _imported.BeginImport(share);
            table.Commit();
            try
            {
                while (share is { State: ShareState.Importing, Pending.IsComplete: false })
                    limit.ForPulse(table.Sync, _waitsForPages);
            }
            catch (Exception e)
            {
                _imported.CancelImport(share);
                table.Commit();
                if (e is WaitTimeoutException late)
                    throw late.ForConnected();
                throw;
            }

            var pages = share.Pending!;
            share.Pending = null;
            if (pages.IsComplete && share.State == ShareState.Importing)
                return pages;
            pages.Dispose();
            throw Refusal(share);
        }
    }

    private ShareException Refusal(ImportedShare share) => (channel.IsOpen, share.Refusal) switch
    {
        (false, _) => channel.ChannelClosed(),
        (_, (RefusalReason.Unpublished, _)) => new ShareException(ShareFault.Unpublished,
            $"The exporter has unpublished the {share}.", "Have it published again."),
        (_, (RefusalReason.NoPages, var text)) => new ShareException(ShareFault.ImportFailed,
            $"The exporter cannot share the pages of the {share}: {text}", "Look at the exporter's side."),
        _ => Channel.Ended(share),
    };

    /// <summary>Tells the exporter when the imported buffer is gone.</summary>
    private sealed class ImportLink(ShareImporter importer, ImportedShare share) : IDisposable
    {
        public void Dispose() => importer.Remove(share);
    }
}
