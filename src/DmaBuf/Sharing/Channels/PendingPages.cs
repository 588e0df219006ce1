using DmaBuf.Guests;
using DmaBuf.Interop;

namespace DmaBuf.Sharing.Channels;

/// <summary>One request for the pages of a share, and what has arrived of its answer.</summary>
internal sealed class PendingPages : IDisposable
{
    private FileDescriptor? _descriptor;
    private uint[]? _refs;
    private FrameRange[]? _ranges;
    private int _frameSize;
    private int _count;
    private bool _isDisposed;

    /// <summary>The references, once all are there.</summary>
    public uint[]? Refs => _refs is not null && _count == _refs.Length ? _refs : null;

    /// <summary>The guest's pages, once all are there.</summary>
    public GuestPages? GuestPages => _ranges is not null && _count == _ranges.Length
        ? new GuestPages { FrameSize = _frameSize, Ranges = _ranges }
        : null;

    /// <summary>Whether everything has arrived.</summary>
    public bool IsComplete => _descriptor is not null || Refs is not null
        || (_ranges is not null && _count == _ranges.Length);

    /// <summary>Why the exporter refused; null if it did not.</summary>
    public (RefusalReason Reason, string Text)? Refusal { get; set; }

    /// <summary>Takes over the descriptor that the answer brings; one too many is closed.</summary>
    public void Add(FileDescriptor descriptor)
    {
        if (_isDisposed || IsComplete)
            descriptor.Dispose();
        else
            _descriptor = descriptor;
    }

    /// <summary>Adds references, which come in order.</summary>
    /// <returns>Whether the message fits what came before it and the buffer.</returns>
    public bool Add(ref MessageReader message, int total, int first)
    {
        if (first != _count || first >= total)
            return false;
        _refs ??= new uint[total];
        var count = Math.Min(MessageLimits.RefsPerMessage, total - first);
        for (var i = 0; i < count; i++)
            _refs[_count++] = message.UInt32();
        message.End();
        return true;
    }

    /// <summary>Adds ranges of a guest's pages, which come in order.</summary>
    /// <inheritdoc cref="Add(ref MessageReader, int, int)"/>
    public bool AddRanges(ref MessageReader message, int frameSize, int total, int first)
    {
        if (first != _count || first >= (_ranges?.Length ?? total))
            return false;
        _ranges ??= new FrameRange[total];
        _frameSize = frameSize;
        var count = Math.Min(MessageLimits.RangesPerMessage, _ranges.Length - first);
        for (var i = 0; i < count; i++)
            _ranges[_count++] = new FrameRange(message.UInt64(), message.UInt64());
        message.End();
        return true;
    }

    /// <summary>The descriptor, which then belongs to the caller.</summary>
    public FileDescriptor TakeDescriptor()
    {
        var taken = _descriptor!;
        _descriptor = null;
        return taken;
    }

    /// <summary>Closes a descriptor that nobody took.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _descriptor?.Dispose();
        _descriptor = null;
    }
}
