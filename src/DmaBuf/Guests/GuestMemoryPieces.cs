using DmaBuf.Buffers;

namespace DmaBuf.Guests;

/// <summary>
/// The pieces of the host's files that a guest's pages are, in buffer order. It owns their descriptors.
/// </summary>
/// <param name="Ranges">The pieces.</param>
/// <param name="Regions">The regions that they lie in.</param>
internal sealed record GuestMemoryPieces(
    IReadOnlyList<MemFdRange> Ranges, IReadOnlyList<GuestMemoryRegion> Regions) : IDisposable
{
    /// <summary>Closes the descriptors.</summary>
    public void Dispose()
    {
        foreach (var range in Ranges)
            range.MemFd.Dispose();
    }
}
