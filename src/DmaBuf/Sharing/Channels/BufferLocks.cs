using System.Runtime.CompilerServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// Who uses which buffer: one lock for each buffer of this process, and for each imported buffer the share that its
/// exporter keeps the lock of.
/// </summary>
internal sealed class BufferLocks(ChannelTable table)
{
    private readonly ConditionalWeakTable<DmaBuffer, AccessLock> _access = [];
    private readonly ConditionalWeakTable<DmaBuffer, ImportedShare> _imports = [];
    private readonly Dictionary<DmaBuffer, LocalAccess> _local = [];

    /// <summary>The lock of a buffer of this process. Called under the table's lock.</summary>
    public AccessLock AccessOf(DmaBuffer buffer) => _access.GetOrAdd(buffer, _ => new AccessLock());

    /// <summary>Remembers, even after its channel has ended, which share a buffer was imported from.</summary>
    public void AddImport(DmaBuffer buffer, ImportedShare share) => _imports.AddOrUpdate(buffer, share);

    /// <inheritdoc cref="ChannelTable.Lock"/>
    public void Lock(DmaBuffer buffer, bool write, WaitLimit limit)
    {
        buffer.ThrowIfRemoved();
        if (_imports.TryGetValue(buffer, out var imported))
        {
            imported.Acquire(write, limit);
            return;
        }

        table.CheckCanWait();
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            if (_local.ContainsKey(buffer))
            {
                throw new ShareException(ShareFault.BadState, $"This process has locked {buffer} already.",
                    "Unlock it first.");
            }

            var local = new LocalAccess(this, buffer);
            if (!table.Shares.Attach(buffer, local))
                throw ShareExporter.NotInTable(buffer);
            _local.Add(buffer, local);
            local.IsGranted = AccessOf(buffer).Request(local, write);
            Await(local, limit);
        }
    }

    /// <inheritdoc cref="ChannelTable.Unlock"/>
    public void Unlock(DmaBuffer buffer)
    {
        if (_imports.TryGetValue(buffer, out var imported))
        {
            imported.Release();
            return;
        }

        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            if (!_local.TryGetValue(buffer, out var local))
            {
                throw new ShareException(ShareFault.BadState, $"This process has not locked {buffer}.",
                    "Lock it first.");
            }

            End(local);
        }
    }

    /// <inheritdoc cref="ChannelTable.CheckNotInUse"/>
    public void CheckNotInUse(DmaBuffer buffer)
    {
        using var reports = KernelTrace.Hold();
        lock (table.Sync)
        {
            if (_access.TryGetValue(buffer, out var access)
                && access.Holders.OfType<ExportedShare>().FirstOrDefault() is { } user)
            {
                throw new ShareException(ShareFault.InUse, $"{user.Channel.Peer} uses {buffer} now ({user}).",
                    "Lock the buffer first, which waits until the peer releases it.");
            }
        }
    }

    /// <summary>Ends this process's use of a buffer, or its wait for that.</summary>
    public void End(LocalAccess local)
    {
        lock (table.Sync)
        {
            if (local.HasEnded)
                return;
            local.HasEnded = true;
            _local.Remove(local.Buffer);
            table.Shares.Detach(local.Buffer, local);
            AccessOf(local.Buffer).Release(local);
            table.Commit();
        }
    }

    private void Await(LocalAccess local, WaitLimit limit)
    {
        try
        {
            while (!local.IsGranted && !local.HasEnded)
                table.WaitForChange(limit, $"the peers to release {local.Buffer}");
        }
        catch (Exception e)
        {
            End(local);
            if (e is WaitTimeoutException late)
                throw late.ForRelease();
            throw;
        }

        // Another thread removed the buffer during the wait.
        if (local.HasEnded)
            throw BufferException.Removed(local.Buffer);
    }
}
