using DmaBuf.Interop;
using DmaBuf.Transport;

namespace DmaBuf.Sharing.Channels;

/// <summary>Bytes and descriptors that wait until a stream takes them. For one thread at a time.</summary>
internal sealed class Outbox : IDisposable
{
    private const byte DescriptorByte = (byte)'A';
    private readonly Queue<(long Position, FileDescriptor Descriptor)> _descriptors = new();
    private byte[] _bytes = new byte[2 * (MessageLimits.Header + MessageLimits.Body)];
    private int _start;
    private int _end;
    private long _position;

    /// <summary>The bytes that wait.</summary>
    public int Count => _end - _start;

    /// <summary>The bytes that wait, for a test that carries them by itself.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_start, Count);

    /// <summary>Takes bytes out, for a test that carries them by itself.</summary>
    internal ReadOnlySpan<byte> Take(int count)
    {
        var taken = _bytes.AsSpan(_start, count).ToArray();
        Drop(count);
        return taken;
    }

    /// <summary>Adds bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_end + bytes.Length > _bytes.Length)
            MakeRoom(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>Adds one byte that carries a descriptor, which the outbox takes over.</summary>
    public void Append(FileDescriptor descriptor)
    {
        _descriptors.Enqueue((_position + Count, descriptor));
        Append([DescriptorByte]);
    }

    /// <summary>Sends what the stream takes without blocking.</summary>
    /// <exception cref="Errors.KernelException">send, sendmsg: EPIPE, ECONNRESET.</exception>
    public void Flush(ByteStream stream)
    {
        while (Count > 0)
        {
            var count = Count;
            if (_descriptors.TryPeek(out var next))
                count = (int)(next.Position - _position);
            if (count == 0)
            {
                if (!((SocketStream)stream).TrySendDescriptor(next.Descriptor, DescriptorByte))
                    return;
                _descriptors.Dequeue().Descriptor.Dispose();
                Drop(1);
                continue;
            }

            var sent = stream.TrySend(_bytes.AsSpan(_start, count));
            if (sent == 0)
                return;
            Drop(sent);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        while (_descriptors.TryDequeue(out var next))
            next.Descriptor.Dispose();
        Drop(Count);
    }

    /// <summary>Closes the descriptors that were not sent.</summary>
    public void Dispose() => Clear();

    private void Drop(int count)
    {
        _position += count;
        _start += count;
        if (_start == _end)
            _start = _end = 0;
    }

    private void MakeRoom(int count)
    {
        var target = Count + count > _bytes.Length ? new byte[Math.Max(2 * _bytes.Length, Count + count)] : _bytes;
        _bytes.AsSpan(_start, Count).CopyTo(target);
        _bytes = target;
        _end = Count;
        _start = 0;
    }
}
