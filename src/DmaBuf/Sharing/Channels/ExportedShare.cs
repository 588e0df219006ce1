using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>A buffer of this process that the peer may import.</summary>
public sealed class ExportedShare : ChannelShare, IAccessHolder, IDisposable
{
    private readonly DmaBuffer? _buffer;
    private volatile ShareMetadata _metadata;

    internal ExportedShare(
        IChannelHost host, ShareId id, DmaBuffer? buffer, long size, ShareMetadata metadata, AccessLock access)
        : base(host, id, size)
    {
        _buffer = buffer;
        _metadata = metadata;
        Access = access;
    }

    /// <inheritdoc/>
    public override bool IsExported => true;

    /// <inheritdoc/>
    public override ShareMetadata Metadata => _metadata;

    /// <inheritdoc/>
    public override DmaBuffer? Buffer => _buffer;

    /// <summary>Who uses the buffer.</summary>
    internal AccessLock Access { get; }

    /// <summary>What keeps the pages shared while the importer has them.</summary>
    internal IDisposable? Lease { get; set; }

    /// <summary>Whether the pages of the current import were sent.</summary>
    internal bool ArePagesSent { get; set; }

    /// <summary>Whether the current use began after the content was announced last.</summary>
    internal bool UsesLatest { get; set; }

    /// <summary>Whether an acquire waits for its turn.</summary>
    internal bool IsAcquiring { get; set; }

    /// <summary>Whether the acquire that waits is for writing.</summary>
    internal bool WantsWrite { get; set; }

    /// <summary>
    /// Ends the share for new imports, at once or after a delay. It ends altogether, and its memory is free, once the
    /// peer does not have its pages any more. A share that waits to be published again is forgotten.
    /// </summary>
    /// <exception cref="ShareException">Unknown: it has ended.</exception>
    public void Unpublish(TimeSpan delay = default) => Connection.Exporter.Unpublish(this, delay);

    /// <summary>
    /// Waits until the peer has used what was published last, and has stopped: it released the share, removed its
    /// buffer, or is gone.
    /// </summary>
    /// <exception cref="WaitTimeoutException">It was not done in time.</exception>
    public void WaitReleased(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        Connection.Exporter.WaitReleased(this, limit);
    }

    internal void SetMetadata(ShareMetadata metadata) => _metadata = metadata;

    /// <summary>Ends the share for new imports, because its buffer is removed.</summary>
    public void Dispose() => Host.OnBufferRemoved(this);

    void IAccessHolder.OnGranted() => Host.OnGranted(this);
}
