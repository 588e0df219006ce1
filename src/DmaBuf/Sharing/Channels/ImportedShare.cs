using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>A buffer of the peer that this process may import.</summary>
public sealed class ImportedShare : ChannelShare
{
    private byte[] _encoded;
    private volatile ShareMetadata _metadata;

    internal ImportedShare(
        IChannelHost host, ShareId id, long size, ReadOnlySpan<byte> encoded, ShareMetadata metadata)
        : base(host, id, size)
    {
        _encoded = encoded.ToArray();
        _metadata = metadata;
    }

    /// <inheritdoc/>
    public override bool IsExported => false;

    /// <inheritdoc/>
    public override ShareMetadata Metadata => _metadata;

    /// <inheritdoc/>
    public override DmaBuffer? Buffer => Imported is { IsOpen: true } open ? open : null;

    /// <summary>The buffer that this process made of the pages, even if it is removed by now.</summary>
    internal DmaBuffer? Imported { get; set; }

    /// <summary>The request for the pages that waits for its answer, or null.</summary>
    internal PendingPages? Pending { get; set; }

    /// <summary>Whether an acquire waits for its answer.</summary>
    internal bool IsAcquiring { get; set; }

    /// <summary>Whether the last acquire was refused.</summary>
    internal bool IsRefused { get; set; }

    /// <summary>
    /// Asks for the pages, waits for them and makes a buffer of them. The share is in use from then on.
    /// </summary>
    /// <param name="method">How references become a buffer.</param>
    /// <param name="limit">The time limit.</param>
    /// <param name="owner">The buffer's owner.</param>
    /// <param name="name">The buffer's name; null for the one that it has.</param>
    /// <exception cref="ShareException">
    /// BadState: it is imported; Unknown, Unpublished, ImportFailed, ChannelClosed.
    /// </exception>
    /// <exception cref="WaitTimeoutException">The exporter did not answer in time.</exception>
    /// <exception cref="DmaBufException">The pages could not be used; the exporter is told.</exception>
    public DmaBuffer Import(ImportMethod method, WaitLimit limit, object? owner = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(limit);
        return Connection.Importer.Import(this, method, limit, owner, name);
    }

    /// <summary>Asks to use the imported buffer again, and waits until the exporter allows it.</summary>
    /// <exception cref="ShareException">BadState, Unknown, ChannelClosed.</exception>
    /// <exception cref="WaitTimeoutException">The exporter did not allow it in time.</exception>
    public void Acquire(bool write, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        Connection.Importer.Acquire(this, write, limit);
    }

    /// <summary>Ends a use of the imported buffer, whose pages stay.</summary>
    /// <exception cref="ShareException">BadState, Unknown, ChannelClosed.</exception>
    public void Release() => Connection.Importer.Release(this);

    /// <summary>Takes metadata as it came. The same bytes again cost no decoding.</summary>
    /// <exception cref="PeerException">It is not valid.</exception>
    internal void SetMetadata(ReadOnlySpan<byte> encoded, string peer)
    {
        if (encoded.SequenceEqual(_encoded))
            return;
        _metadata = new MessageReader(encoded, peer).Metadata(Size);
        _encoded = encoded.ToArray();
    }
}
