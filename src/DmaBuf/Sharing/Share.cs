using DmaBuf.Buffers;

namespace DmaBuf.Sharing;

/// <summary>
/// A buffer shared in one way: its descriptor, or pages of it with one domain. It owns what must stay alive for that.
/// It ends by revocation, with its buffer or with the process, never by garbage collection.
/// </summary>
internal sealed class Share : IDisposable
{
    private static long s_last;
    private readonly List<IDisposable> _parts;
    private SharedPages? _pages;
    private int _ended;

    /// <param name="buffer">The buffer.</param>
    /// <param name="pages">The pages that are shared; null for the descriptor.</param>
    /// <param name="owner">The owner, an object that the caller chooses.</param>
    /// <param name="parts">What must stay alive. The share takes it over.</param>
    public Share(DmaBuffer buffer, SharedPages? pages, object? owner, IEnumerable<IDisposable> parts)
    {
        Buffer = buffer;
        _pages = pages;
        Owner = owner;
        _parts = [.. parts];
    }

    /// <summary>A number that is larger than those of all older shares of this process.</summary>
    public long Number { get; } = Interlocked.Increment(ref s_last);

    /// <summary>The buffer.</summary>
    public DmaBuffer Buffer { get; }

    /// <summary>The owner.</summary>
    public object? Owner { get; }

    /// <summary>The pages that are shared, with a directory once there is one.</summary>
    public SharedPages? Pages => Volatile.Read(ref _pages);

    /// <summary>The links to the peers that received it.</summary>
    public ReleaseLinks Links { get; } = new();

    /// <summary>Whether it has ended.</summary>
    public bool IsEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>
    /// Adds a directory of the same pages. Peers that have the previous references can go on using them.
    /// </summary>
    /// <returns>False if the share has ended; the part is then disposed.</returns>
    public bool TryExtend(SharedPages pages, IDisposable part)
    {
        lock (_parts)
        {
            if (_ended == 0)
            {
                Volatile.Write(ref _pages, pages);
                _parts.Add(part);
                return true;
            }
        }

        part.Dispose();
        return false;
    }

    /// <summary>Ends the share, its links first, so that no peer counts as done. Idempotent.</summary>
    public void Dispose()
    {
        lock (_parts)
        {
            if (_ended != 0)
                return;
            _ended = 1;
        }

        Links.Dispose();
        _parts.ForEach(part => part.Dispose());
    }
}
