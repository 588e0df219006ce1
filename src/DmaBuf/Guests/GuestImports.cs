using DmaBuf.Buffers;

namespace DmaBuf.Guests;

/// <summary>The buffers that were made of a guest's pages, and where those lie. Safe to use from several threads.</summary>
internal sealed class GuestImports
{
    private readonly Lock _lock = new();
    private readonly List<(DmaBuffer Buffer, IReadOnlyList<GuestMemoryRegion> Regions)> _imports = [];

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
    public void Add(DmaBuffer buffer, IReadOnlyList<GuestMemoryRegion> regions)
    {
        lock (_lock)
        {
            _imports.RemoveAll(import => !import.Buffer.IsHeld);
            _imports.Add((buffer, regions));
        }
    }

    /// <summary>Ends all buffers.</summary>
    /// <param name="reason">What happened, as a sentence without its full stop.</param>
    public void End(string reason) => End(_ => true, reason);

    /// <summary>Ends the buffers whose pages lie in a region that is not there any more.</summary>
    /// <inheritdoc cref="End(string)"/>
    public void EndOutside(GuestMemoryTable table, string reason) =>
        End(regions => !regions.All(table.Has), reason);

    private void End(Predicate<IReadOnlyList<GuestMemoryRegion>> isEnding, string reason)
    {
        List<DmaBuffer> ending;
        lock (_lock)
        {
            ending = _imports.FindAll(import => isEnding(import.Regions)).ConvertAll(import => import.Buffer);
            _imports.RemoveAll(import => isEnding(import.Regions));
        }

        ending.ForEach(buffer => buffer.End(reason));
    }
}
