using DmaBuf.Errors;

namespace DmaBuf.Buffers;

/// <summary>
/// A range of a buffer as a stream that reads, writes and seeks but never grows. Each read and write is one access
/// bracket. The stream does not own the buffer.
/// </summary>
public sealed class BufferStream : Stream
{
    private readonly DmaBuffer _buffer;
    private readonly long _offset;
    private readonly long _length;
    private readonly BufferAccess _access;
    private long _position;

    /// <param name="buffer">The buffer.</param>
    /// <param name="access">Reading only, or reading and writing.</param>
    /// <param name="offset">The offset in the buffer of the stream's first byte.</param>
    /// <param name="count">The stream's length, or null for everything up to the buffer's end.</param>
    /// <exception cref="BufferException">OutOfRange.</exception>
    public BufferStream(DmaBuffer buffer, BufferAccess access = BufferAccess.Read, long offset = 0, long? count = null)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        _buffer = buffer;
        _access = access;
        (_offset, _length) = buffer.CheckRange(offset, count);
    }

    /// <inheritdoc/>
    public override bool CanRead => _buffer.IsOpen;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => _access == BufferAccess.ReadWrite && _buffer.IsOpen;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Clamp(_length - _position, 0, buffer.Length);
        if (count == 0)
            return 0;
        using (var view = _buffer.OpenView(BufferAccess.Read))
            view.Slice(_offset + _position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Writes all bytes or none. Errors: <see cref="BufferException"/> (DoesNotFit, ReadOnly).</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_access == BufferAccess.Read)
            throw new BufferException(
                BufferFault.ReadOnly, "This stream was opened for reading.", "Open it with BufferAccess.ReadWrite.");
        if (buffer.Length > _length - _position)
        {
            throw new BufferException(
                BufferFault.DoesNotFit,
                $"{buffer.Length} bytes at position {_position} do not fit into this stream of {_length} bytes.",
                "A buffer never grows: write less, or make a larger one.");
        }

        using (var view = _buffer.OpenView(BufferAccess.ReadWrite))
            buffer.CopyTo(view.WritableSlice(_offset + _position, buffer.Length));
        _position += buffer.Length;
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => _position,
        _ => _length,
    };

    /// <summary>Not supported: a buffer never changes its size.</summary>
    public override void SetLength(long value) =>
        throw new NotSupportedException("A buffer never changes its size.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }
}
