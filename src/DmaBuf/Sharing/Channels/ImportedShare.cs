using DmaBuf.Buffers;

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

    /// <summary>Takes metadata as it came. The same bytes again cost no decoding.</summary>
    /// <exception cref="Errors.PeerException">It is not valid.</exception>
    internal void SetMetadata(ReadOnlySpan<byte> encoded, string peer)
    {
        if (encoded.SequenceEqual(_encoded))
            return;
        _metadata = new MessageReader(encoded, peer).Metadata(Size);
        _encoded = encoded.ToArray();
    }
}
