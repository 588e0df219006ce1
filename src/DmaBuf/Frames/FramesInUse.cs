using System.Diagnostics.CodeAnalysis;

namespace DmaBuf.Frames;

/// <summary>The frames that a receiver has not acknowledged, oldest first. It allocates nothing.</summary>
internal sealed class FramesInUse
{
    private readonly Entry[] _entries;

    public FramesInUse(FrameSource source) => _entries = new Entry[source.Frames.Count];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>When the next of them is late, on the clock of TickCount64.</summary>
    public long NextDeadline
    {
        get
        {
            for (var i = 0; i < Count; i++)
            {
                if (!_entries[i].IsLate)
                    return _entries[i].Deadline;
            }

            return long.MaxValue;
        }
    }

    /// <summary>Adds a frame whose ack is late after a deadline.</summary>
    public void Add(Frame frame, long deadline) =>
        _entries[Count++] = new Entry(frame, frame.Sequence, deadline, false);

    /// <summary>Takes the frame that an ack is for.</summary>
    public bool TryTake(FrameAck ack, [NotNullWhen(true)] out Frame? frame)
    {
        for (var i = 0; i < Count; i++)
        {
            var entry = _entries[i];
            if (BufferCarrier.HandleOf(entry.Frame) == ack.HandleId && entry.Sequence == ack.Sequence)
            {
                frame = TakeAt(i);
                return true;
            }
        }

        frame = null;
        return false;
    }

    /// <summary>Marks the overdue frames.</summary>
    /// <returns>How many were not marked before.</returns>
    public int MarkLate(long now)
    {
        var marked = 0;
        for (var i = 0; i < Count; i++)
        {
            if (_entries[i].IsLate || _entries[i].Deadline > now)
                continue;
            _entries[i] = _entries[i] with { IsLate = true };
            marked++;
        }

        return marked;
    }

    /// <summary>Takes the oldest frame, if its ack is late.</summary>
    public bool TryTakeLate([NotNullWhen(true)] out Frame? frame)
    {
        frame = Count > 0 && _entries[0].IsLate ? TakeAt(0) : null;
        return frame is not null;
    }

    private Frame TakeAt(int index)
    {
        var frame = _entries[index].Frame;
        Count--;
        Array.Copy(_entries, index + 1, _entries, index, Count - index);
        return frame;
    }

    private readonly record struct Entry(Frame Frame, ulong Sequence, long Deadline, bool IsLate);
}
