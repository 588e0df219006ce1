using DmaBuf.Buffers;

namespace DmaBuf.Sharing;

/// <summary>Where a share stands.</summary>
public enum ShareState
{
    /// <summary>Pages are granted, and were sent to nobody by this process.</summary>
    Offered,

    /// <summary>It was sent, and a peer has not said yet that it is done.</summary>
    InUse,

    /// <summary>Every peer that it was sent to is done.</summary>
    Released,

    /// <summary>It was revoked, or its buffer was removed.</summary>
    Ended,
}

/// <summary>
/// A buffer given away in one way: its descriptor, or pages of it to one domain. It owns what must stay alive for that,
/// and ends by revocation, with its buffer, or with the process; never because nothing refers to it any more.
/// </summary>
internal sealed class Share : IDisposable
{
    private readonly List<IDisposable> _parts;
    private SharedPages? _pages;
    private int _ended;

    /// <param name="buffer">The buffer.</param>
    /// <param name="pages">The pages that are shared; null for the descriptor.</param>
    /// <param name="owner">Whose it is, in the words of who shares.</param>
    /// <param name="parts">What must stay alive; the share's from now on.</param>
    public Share(DmaBuffer buffer, SharedPages? pages, object? owner, IEnumerable<IDisposable> parts)
    {
        Buffer = buffer;
        _pages = pages;
        Owner = owner;
        _parts = [.. parts];
    }

    /// <summary>The buffer.</summary>
    public DmaBuffer Buffer { get; }

    /// <summary>Whose it is.</summary>
    public object? Owner { get; }

    /// <summary>The pages that are shared, with a directory once there is one.</summary>
    public SharedPages? Pages => Volatile.Read(ref _pages);

    /// <summary>The peers that got it.</summary>
    public ReleaseLinks Links { get; } = new();

    /// <summary>Where it stands, as far as is known without asking peers.</summary>
    public ShareState State => _ended != 0 ? ShareState.Ended
        : Links.HasOpen ? ShareState.InUse
        : Links.WasGiven ? ShareState.Released
        : ShareState.Offered;

    /// <summary>Adds a directory of the same pages. Who has the old pages goes on with them.</summary>
    public void Extend(SharedPages pages, IDisposable part)
    {
        lock (_parts)
        {
            if (_ended == 0)
            {
                Volatile.Write(ref _pages, pages);
                _parts.Add(part);
                return;
            }
        }

        part.Dispose();
    }

    /// <summary>Ends it: the links first, so that no peer is taken to be done. Idempotent.</summary>
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
