using DmaBuf.Buffers;

namespace DmaBuf.Sharing.Channels;

/// <summary>This process's own use of a buffer, which excludes its peers.</summary>
internal sealed class LocalAccess(BufferLocks locks, DmaBuffer buffer) : IAccessHolder, IDisposable
{
    /// <summary>The buffer.</summary>
    public DmaBuffer Buffer => buffer;

    /// <summary>Whether this process has the access; false while it waits.</summary>
    public bool IsGranted { get; set; }

    /// <summary>Whether the use, or the wait for it, is over.</summary>
    public bool HasEnded { get; set; }

    /// <inheritdoc/>
    public void OnGranted() => IsGranted = true;

    /// <summary>Ends the use, because the buffer is removed.</summary>
    public void Dispose() => locks.End(this);
}
