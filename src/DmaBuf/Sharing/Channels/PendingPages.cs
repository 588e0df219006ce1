using DmaBuf.Interop;

namespace DmaBuf.Sharing.Channels;

/// <summary>The pages of a share while they arrive: a descriptor, or references in several messages.</summary>
internal sealed class PendingPages : IDisposable
{
    private uint[]? _refs;
    private int _count;

    /// <summary>The descriptor, which belongs to whoever takes it.</summary>
    public FileDescriptor? Descriptor { get; set; }

    /// <summary>The references, once all are there.</summary>
    public uint[]? Refs => _refs is not null && _count == _refs.Length ? _refs : null;

    /// <summary>Whether everything has arrived.</summary>
    public bool IsComplete => Descriptor is not null || Refs is not null;

    /// <summary>Adds references, which come in order.</summary>
    /// <returns>Whether the message fits what came before it and the buffer.</returns>
    public bool Add(ref MessageReader message, int total, int first, int expected)
    {
        if (total != expected || first != _count || first >= total)
            return false;
        _refs ??= new uint[total];
        var count = Math.Min(MessageLimits.RefsPerMessage, total - first);
        for (var i = 0; i < count; i++)
            _refs[_count++] = message.UInt32();
        message.End();
        return true;
    }

    /// <summary>Closes a descriptor that nobody took.</summary>
    public void Dispose() => Descriptor?.Dispose();
}
