using System.Diagnostics;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>What the two sides do with a share now.</summary>
public enum ShareState
{
    /// <summary>The importer knows of it and does not have its pages.</summary>
    Offered,

    /// <summary>The importer has asked for the pages.</summary>
    Importing,

    /// <summary>The importer has the pages and uses the content.</summary>
    InUse,

    /// <summary>The importer has the pages and does not use the content.</summary>
    Released,

    /// <summary>It has ended: its id means nothing any more.</summary>
    Ended,
}

/// <summary>One buffer that one side of a channel offers to the other, as this process sees it.</summary>
public abstract class ChannelShare
{
    private protected ChannelShare(IChannelHost host, ShareId id, long size)
    {
        Host = host;
        Id = id;
        Size = size;
    }

    /// <summary>What both sides call it.</summary>
    public ShareId Id { get; }

    /// <summary>The channel, which the id belongs to.</summary>
    public Channel Channel => Connection.Channel;

    /// <summary>True for a buffer of this process, false for one of the peer.</summary>
    public abstract bool IsExported { get; }

    /// <summary>The buffer's size in bytes.</summary>
    public long Size { get; }

    /// <summary>The buffer's pages of this kernel.</summary>
    public long PageCount => (Size + Environment.SystemPageSize - 1) / Environment.SystemPageSize;

    /// <summary>What the exporter says of it.</summary>
    public abstract ShareMetadata Metadata { get; }

    /// <summary>The name in the metadata, or null.</summary>
    public string? Name => Metadata.Name.Length > 0 ? Tracing.VisibleText.Of(Metadata.Name) : null;

    /// <summary>
    /// The buffer: the exporter's own, or the one that the importer made of the pages; null without pages.
    /// </summary>
    public abstract DmaBuffer? Buffer { get; }

    /// <summary>What the importer does with it.</summary>
    public ShareState State { get; internal set; }

    /// <summary>The domain of the exporter, or 0x7FF0 outside Xen.</summary>
    public ushort ExporterDomain => IsExported ? Host.OwnDomain : Host.PeerDomain;

    /// <summary>The domain of the importer, or 0x7FF0 outside Xen.</summary>
    public ushort ImporterDomain => IsExported ? Host.PeerDomain : Host.OwnDomain;

    /// <summary>Whether the importer has the pages, or is about to get them.</summary>
    public bool IsBusy => State is ShareState.Importing or ShareState.InUse or ShareState.Released;

    /// <summary>Whether the id can be used: the share and its channel have not ended.</summary>
    public bool IsValid => State != ShareState.Ended;

    /// <summary>Whether the exporter has ended the share for new imports, at once or after a delay.</summary>
    public bool IsUnpublished { get; internal set; }

    /// <summary>
    /// Until when the share takes imports after it was unpublished with a delay: a tick count in milliseconds as of
    /// <see cref="Environment.TickCount64"/>; null without.
    /// </summary>
    internal long? UnpublishAt { get; set; }

    /// <summary>How long imports are still possible after the share was unpublished with a delay.</summary>
    public TimeSpan? UnpublishesIn => UnpublishAt is { } at
        ? TimeSpan.FromMilliseconds(Math.Max(0, at - Environment.TickCount64))
        : null;

    /// <summary>How many use the content now: 0 or 1, as a channel has one importer.</summary>
    public int Users => State == ShareState.InUse ? 1 : 0;

    /// <summary>How many times the pages were imported.</summary>
    public int TotalUsers { get; internal set; }

    /// <summary>Whether the importer has stopped a use of the content that the exporter announced last.</summary>
    internal bool WasReleased { get; set; }

    /// <summary>How long the share has been there.</summary>
    public TimeSpan Age => Stopwatch.GetElapsedTime(Created);

    /// <summary>When it came, as <see cref="Stopwatch.GetTimestamp"/> tells.</summary>
    internal long Created { get; } = Stopwatch.GetTimestamp();

    /// <summary>The channel's connection, which the share lives no longer than.</summary>
    internal ChannelConnection Connection => (ChannelConnection)Host;

    /// <summary>The connection, as the protocol's state sees it.</summary>
    private protected IChannelHost Host { get; }

    /// <summary>The number of the last import or acquire, which its answer repeats.</summary>
    internal uint Serial { get; set; }

    /// <summary>Waits until the peer has read most of what it was sent. Called under the lock.</summary>
    /// <exception cref="ShareException">Unknown, ChannelClosed.</exception>
    internal void WaitForRoom(WaitLimit limit)
    {
        if (IsValid)
            Channel.WaitForRoom(limit);
        if (!IsValid)
            throw Ended();
    }

    /// <summary>Why nothing can be done with the share any more.</summary>
    internal ShareException Ended() => Channel.IsOpen
        ? new ShareException(ShareFault.Unknown,
            $"The {this} has ended.", "The exporter has to publish the buffer again, which gives it a new id.")
        : Channel.ChannelClosed();

    /// <summary>The direction, the name and the id.</summary>
    public override string ToString() =>
        $"{(IsExported ? "exported" : "imported")} share {(Name is { } name ? $"'{name}' " : "")}{Id}";
}
