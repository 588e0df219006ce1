namespace DmaBuf.Sharing.Channels;

/// <summary>
/// The events of a channel that nobody has read. Beyond its bound, the oldest are dropped and counted.
/// </summary>
internal sealed class ChannelEventQueue(int capacity)
{
    private ChannelEvent[] _events = new ChannelEvent[Math.Min(capacity, 16)];
    private int _first;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>How many were dropped.</summary>
    public long Dropped { get; private set; }

    /// <summary>Adds an event.</summary>
    public void Add(in ChannelEvent item)
    {
        if (Count == capacity)
        {
            _events[_first] = default;
            _first = (_first + 1) % _events.Length;
            Count--;
            Dropped++;
        }
        else if (Count == _events.Length)
        {
            Grow();
        }

        _events[(_first + Count++) % _events.Length] = item;
    }

    /// <summary>Takes the oldest event of the wanted types.</summary>
    /// <param name="wanted">A bit for each type; see <see cref="Bit"/>.</param>
    /// <param name="item">The event.</param>
    public bool TryTake(uint wanted, out ChannelEvent item)
    {
        for (var i = 0; i < Count; i++)
        {
            ref var found = ref At(i);
            if ((wanted & Bit(found.Type)) == 0)
                continue;
            item = found;
            // The older ones, which were not wanted, move up.
            for (var j = i; j > 0; j--)
                At(j) = At(j - 1);
            At(0) = default;
            _first = (_first + 1) % _events.Length;
            Count--;
            return true;
        }

        item = default;
        return false;
    }

    /// <summary>The number of the oldest event of the wanted types, or null.</summary>
    public long? Peek(uint wanted)
    {
        for (var i = 0; i < Count; i++)
        {
            if ((wanted & Bit(At(i).Type)) != 0)
                return At(i).Sequence;
        }

        return null;
    }

    /// <summary>The bit of a type.</summary>
    public static uint Bit(ChannelEventType type) => 1u << (int)type;

    private ref ChannelEvent At(int index) => ref _events[(_first + index) % _events.Length];

    private void Grow()
    {
        var larger = new ChannelEvent[Math.Min(capacity, 2 * _events.Length)];
        for (var i = 0; i < Count; i++)
            larger[i] = At(i);
        _events = larger;
        _first = 0;
    }
}
