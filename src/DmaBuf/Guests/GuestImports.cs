using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;

namespace DmaBuf.Guests;

/// <summary>
/// The buffers that were made of a guest's pages: where those lie, and the connections that they end with. Safe to use
/// from several threads.
/// </summary>
internal sealed class GuestImports : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Import> _imports = [];
    private readonly string _linkReason;

    /// <param name="guest">The guest's name.</param>
    /// <exception cref="KernelException">epoll_create1: EMFILE, ENFILE.</exception>
    public GuestImports(string guest)
    {
        _linkReason = $"the connection to the process of guest '{guest}' that shared the buffer ended";
        Links = Epoll.Create() ?? throw new KernelException("epoll_create1", Errno.Last, "this process");
    }

    /// <summary>
    /// Readable when a peer has ended a connection; see <see cref="EndWithLinks"/>. A set of epoll, so that adding a
    /// connection does not wake the thread that waits: that would take longer than the rest of an import.
    /// </summary>
    public FileDescriptor Links { get; }

    /// <summary>How many of them are open.</summary>
    public int OpenCount
    {
        get
        {
            lock (_lock)
                return _imports.Count(import => import.Buffer.IsOpen);
        }
    }

    /// <summary>Adds a buffer. One with a connection ends with it after <see cref="Follow"/>.</summary>
    /// <param name="buffer">The buffer, which its user owns.</param>
    /// <param name="regions">The regions of the guest's memory that its pages lie in.</param>
    /// <param name="link">The connection to the process that keeps the pages in their place; null without.</param>
    public void Add(DmaBuffer buffer, IReadOnlyList<GuestMemoryRegion> regions, ByteStream? link)
    {
        lock (_lock)
        {
            _imports.RemoveAll(import => import.Buffer.IsFreed);
            _imports.Add(new Import(buffer, regions, link));
        }
    }

    /// <summary>
    /// Has the buffers of a connection end with it, whichever side closes it. Where it is closed already, they end
    /// here.
    /// </summary>
    /// <exception cref="KernelException">epoll_ctl: ENOMEM, ENOSPC.</exception>
    public void Follow(ByteStream link)
    {
        lock (_lock)
        {
            // Once, however many buffers there are.
            link.Closed -= OnClosed;
            link.Closed += OnClosed;
        }

        try
        {
            if (!Epoll.WatchForEnd(Links, link.Descriptor))
                throw new KernelException("epoll_ctl", Errno.Last, link.Peer);
        }
        catch (ObjectDisposedException)
        {
        }

        // It may have been closed before this listened, and a poll may have kept the descriptor open until now.
        if (link.Descriptor.IsDisposed)
            OnClosed(link);
    }

    /// <summary>Ends all buffers.</summary>
    /// <param name="reason">What happened, as a sentence without its full stop.</param>
    public void End(string reason) => End(_ => true, reason);

    /// <summary>Ends the buffers whose pages lie in a region that is not there any more.</summary>
    /// <inheritdoc cref="End(string)"/>
    public void EndOutside(GuestMemoryTable table, string reason) =>
        End(import => !import.Regions.All(table.Has), reason);

    /// <summary>Ends the buffers whose connection the peer has ended.</summary>
    public void EndWithLinks()
    {
        Epoll.Take(Links);
        End(import => import.Link is { } link && HasEnded(link), _linkReason);
    }

    /// <inheritdoc/>
    public void Dispose() => Links.Dispose();

    /// <summary>
    /// Whether the peer has closed its side. It cannot keep the pages then, even if it has not acknowledged everything.
    /// </summary>
    private static bool HasEnded(ByteStream link)
    {
        try
        {
            return Poll.Has(link.Descriptor, Poll.POLLRDHUP);
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    private void OnClosed(ByteStream link) =>
        End(import => import.Link == link && !import.Buffer.IsFreed, _linkReason);

    private void End(Predicate<Import> isEnding, string reason)
    {
        // A condition can become true at any moment, so each is looked at once.
        ILookup<bool, Import> imports;
        lock (_lock)
        {
            imports = _imports.ToLookup(import => isEnding(import));
            _imports.Clear();
            _imports.AddRange(imports[false]);
        }

        foreach (var import in imports[true])
            import.Buffer.End(reason);
    }

    private sealed record Import(DmaBuffer Buffer, IReadOnlyList<GuestMemoryRegion> Regions, ByteStream? Link);
}
