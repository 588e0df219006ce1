using DmaBuf.Buffers;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Guests;

/// <summary>
/// The buffers that were made of a guest's pages: where those lie, and the connections that they end with. Safe to use
/// from several threads.
/// </summary>
internal sealed class GuestImports
{
    private readonly Lock _lock = new();
    private readonly List<Import> _imports = [];

    /// <summary>How many of them are open.</summary>
    public int OpenCount
    {
        get
        {
            lock (_lock)
                return _imports.Count(import => import.Buffer.IsOpen);
        }
    }

    /// <summary>Adds a buffer.</summary>
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

    /// <summary>Adds the connections to a set, to be waited for together with others.</summary>
    public void AddLinks(WaitSet waits)
    {
        lock (_lock)
        {
            foreach (var import in _imports)
            {
                if (import is { Link: { } link, Buffer.IsFreed: false })
                    waits.Add(link.Descriptor, Poll.POLLRDHUP);
            }
        }
    }

    /// <summary>Ends all buffers.</summary>
    /// <param name="reason">What happened, as a sentence without its full stop.</param>
    public void End(string reason) => End(_ => true, reason);

    /// <summary>Ends the buffers whose pages lie in a region that is not there any more.</summary>
    /// <inheritdoc cref="End(string)"/>
    public void EndOutside(GuestMemoryTable table, string reason) =>
        End(import => !import.Regions.All(table.Has), reason);

    /// <summary>Ends the buffers whose connection has ended.</summary>
    /// <inheritdoc cref="End(string)"/>
    public void EndWithLinks(string reason) => End(
        import => import.Link is { } link && (link.Descriptor.IsDisposed || link.HasEnded), reason);

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
