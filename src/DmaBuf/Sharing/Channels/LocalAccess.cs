using DmaBuf.Buffers;

namespace DmaBuf.Sharing.Channels;

/// <summary>This process's own use of a buffer, which excludes its peers.</summary>
internal sealed class LocalAccess(ChannelTable table, DmaBuffer buffer) : IAccessHolder, IDisposable
{
    /// <summary>The buffer.</summary>
    public DmaBuffer Buffer => buffer;

    /// <summary>Whether this process has the access; false while it waits.</summary>
    public bool IsGranted { get; set; }

    /// <inheritdoc/>
    public void OnGranted() => IsGranted = true;

    /// <summary>Ends the use, because the buffer is removed.</summary>
    public void Dispose() => table.Unlock(this);
}
