using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>What a channel's importer does in several steps, with waits for the exporter between them.</summary>
internal sealed class ShareImporter(ChannelConnection connection, ChannelTable table, PageExchange pages)
{
    private readonly ImportedShares _imported = connection.Protocol.Imported;
    private readonly string _waitsForPages = $"{connection.Peer} to share the pages";

    /// <inheritdoc cref="ImportedShare.Import"/>
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
        catch (Exception e)
        {
            buffer?.Dispose();
            using var reports = KernelTrace.Hold();
            lock (table.Sync)
            {
                _imported.FailImport(share, e.Message);
                table.Commit();
            }

            throw;
        }

        buffer.OwnPeer(new ImportLink(this, share));
        if (Complete(share, buffer))
            return table.Shares.Add(buffer, owner);
        try
        {
            // A guest's buffer ends with the guest, at any time.
            buffer.ThrowIfRemoved();
            throw share.Ended();
        }
        finally
        {
            buffer.Dispose();
        }
    }

    /// <inheritdoc cref="ImportedShare.Acquire"/>
    public void Acquire(ImportedShare share, bool write, WaitLimit limit)
    {
        table.CheckCanWait();
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            share.WaitForRoom(limit);
            _imported.BeginAcquire(share, write);
            table.Commit();
            try
            {
                while (share.IsAcquiring)
                    table.WaitForChange(limit, "the exporter to allow the access");
            }
            catch (Exception e)
            {
                GiveUpAcquire(share);
                if (e is WaitTimeoutException late)
                    throw late.ForConnected();
                throw;
            }

            if (share.State != ShareState.InUse)
                throw share.Ended();
        }
    }

    /// <inheritdoc cref="ImportedShare.Release"/>
    public void Release(ImportedShare share)
    {
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            if (!share.IsValid)
                throw share.Ended();
            _imported.Release(share);
            table.Commit();
        }
    }

    private bool Complete(ImportedShare share, DmaBuffer buffer)
    {
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            // Before CompleteImport, Remove tells the exporter nothing, so a buffer that has ended is reported here.
            var isOpen = buffer.IsOpen;
            if (!isOpen)
                _imported.FailImport(share, "the buffer has ended");
            var isCompleted = isOpen && _imported.CompleteImport(share, buffer);
            if (isCompleted)
                table.Locks.AddImport(buffer, share);
            table.Commit();
            return isCompleted;
        }
    }

    /// <summary>The answer can have come at the last moment.</summary>
    private void GiveUpAcquire(ImportedShare share)
    {
        if (share.IsAcquiring)
            _imported.CancelAcquire(share);
        else if (share.State == ShareState.InUse)
            _imported.Release(share);
        table.Commit();
    }

    private void Remove(ImportedShare share)
    {
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            _imported.Remove(share);
            table.Commit();
        }
    }

    private PendingPages AwaitPages(ImportedShare share, WaitLimit limit)
    {
        table.CheckCanWait();
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            share.WaitForRoom(limit);
            var pending = _imported.BeginImport(share);
            table.Commit();
            try
            {
                while (pending == share.Pending && !pending.IsComplete && share.IsValid)
                    table.WaitForChange(limit, _waitsForPages);
            }
            catch (Exception e)
            {
                if (pending == share.Pending)
                    _imported.CancelImport(share);
                table.Commit();
                if (e is WaitTimeoutException late)
                    throw late.ForConnected();
                throw;
            }

            if (pending == share.Pending && pending.IsComplete && share.IsValid)
                return pending;
            pending.Dispose();
            throw Refusal(share, pending);
        }
    }

    private ShareException Refusal(ImportedShare share, PendingPages pending) =>
        pending.Refusal switch
        {
            _ when !connection.IsOpen => share.Ended(),
            (RefusalReason.Unpublished, _) => new ShareException(ShareFault.Unpublished,
                $"The exporter has unpublished the {share}.", "Have it published again."),
            (RefusalReason.NoPages, var text) => new ShareException(ShareFault.ImportFailed,
                $"The exporter cannot share the pages of the {share}: {text}", "Look at the exporter's side."),
            _ => share.Ended(),
        };

    /// <summary>Tells the exporter when the imported buffer is gone.</summary>
    private sealed class ImportLink(ShareImporter importer, ImportedShare share) : IDisposable
    {
        public void Dispose() => importer.Remove(share);
    }
}
