using System.Buffers.Binary;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;

namespace DmaBuf.Sharing.Channels;

/// <summary>Bytes from a peer, until they make whole messages. For one thread at a time.</summary>
internal sealed class Inbox(string peer) : IDisposable
{
    private readonly byte[] _bytes = new byte[4 * (MessageLimits.Header + MessageLimits.Body)];
    private FileDescriptor? _descriptor;
    private int _start;
    private int _end;

    /// <summary>Reads what is there.</summary>
    /// <returns>As <see cref="ByteStream.TryReceive"/>.</returns>
    public int Fill(ByteStream stream)
    {
        if (_start > 0)
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            _end -= _start;
            _start = 0;
        }

        var received = stream.TryReceive(_bytes.AsSpan(_end), out _descriptor);
        _end += Math.Max(0, received);
        return received;
    }

    /// <summary>Adds bytes that a test carries by itself.</summary>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        if (_start > 0)
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
        _end -= _start;
        _start = 0;
        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>Takes the next whole message.</summary>
    /// <exception cref="PeerException">BadMessage: its header says that it is too long.</exception>
    public bool TryTake(out MessageType type, out ushort flags, out ReadOnlySpan<byte> body)
    {
        type = default;
        flags = 0;
        body = default;
        var rest = _bytes.AsSpan(_start, _end - _start);
        if (rest.Length < MessageLimits.Header)
            return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        if (length > MessageLimits.Body)
            throw MessageReader.Bad(peer, $"sent a message of {length} bytes, more than {MessageLimits.Body}");

        if (rest.Length - MessageLimits.Header < length)
            return false;
        type = (MessageType)BinaryPrimitives.ReadUInt16LittleEndian(rest);
        flags = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
        body = rest.Slice(MessageLimits.Header, (int)length);
        _start += MessageLimits.Header + (int)length;
        return true;
    }

    /// <summary>Takes the one byte that carries a descriptor.</summary>
    /// <returns>The descriptor, which the caller owns; null if the byte has not arrived yet.</returns>
    /// <exception cref="PeerException">NoDescriptor: the byte came without one.</exception>
    public FileDescriptor? TakeDescriptor()
    {
        if (_start == _end)
            return null;
        // A descriptor belongs to the last byte that came with it.
        if (_descriptor is null || _end - _start != 1)
            throw MessageReader.Bad(peer, "sent pages without a descriptor", PeerFault.NoDescriptor);

        _start++;
        var taken = _descriptor;
        _descriptor = null;
        return taken;
    }

    /// <summary>Checks that a descriptor that came has been taken.</summary>
    /// <exception cref="PeerException">ExtraData.</exception>
    public void CheckTaken()
    {
        if (_descriptor is null)
            return;
        Dispose();
        throw MessageReader.Bad(peer, "sent a descriptor that belongs to no share", PeerFault.ExtraData);
    }

    /// <summary>Closes a descriptor that nobody took.</summary>
    public void Dispose()
    {
        _descriptor?.Dispose();
        _descriptor = null;
    }
}
