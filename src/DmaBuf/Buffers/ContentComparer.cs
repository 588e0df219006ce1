using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>
/// Compares a buffer's content, from one offset on, with other content, in steps like <see cref="ContentReader"/>.
/// Nothing is copied but what a file is read into. Bytes that only one of the two has count as different.
/// </summary>
public sealed class ContentComparer
{
    private readonly DmaBuffer _buffer;
    private readonly long _offset;
    private readonly Action<long, long>? _progress;
    private readonly CancellationToken _cancellation;

    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">The first byte to compare.</param>
    /// <param name="progress">Called between steps with the bytes done and the total.</param>
    /// <param name="cancellation">Ends the comparison, between steps.</param>
    /// <exception cref="BufferException">OutOfRange.</exception>
    public ContentComparer(
        DmaBuffer buffer,
        long offset = 0,
        Action<long, long>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        _buffer = buffer;
        _offset = buffer.CheckRange(offset, null).Offset;
        _progress = progress;
        _cancellation = cancellation;
    }

    private long Room => _buffer.Size - _offset;

    /// <summary>
    /// Compares with another buffer: <paramref name="count"/> bytes, or all up to the end of both. Errors:
    /// <see cref="BufferException"/> (OutOfRange, Removed).
    /// </summary>
    public ContentComparison With(DmaBuffer other, long otherOffset = 0, long? count = null)
    {
        ArgumentNullException.ThrowIfNull(other);
        _buffer.CheckRange(_offset, count);
        var otherRoom = other.CheckRange(otherOffset, count).Count;
        var common = Math.Min(count ?? Room, otherRoom);
        var counter = default(DifferenceCounter);
        for (long done = 0; done < common;)
        {
            _cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(ContentReader.Step, common - done);
            using (var view = _buffer.OpenView(BufferAccess.Read))
            using (var otherView = other.OpenView(BufferAccess.Read))
                counter.Add(view.Slice(_offset + done, length), otherView.Slice(otherOffset + done, length));
            done += length;
            _progress?.Invoke(done, common);
        }

        if (count is null)
            counter.AddUnmatched(Math.Max(Room, otherRoom) - common);
        return counter.Result;
    }

    /// <summary>Compares with as many bytes as these. Errors: <see cref="BufferException"/> (Removed).</summary>
    public ContentComparison With(ReadOnlyMemory<byte> bytes)
    {
        var counter = default(DifferenceCounter);
        for (var done = 0; done < bytes.Length;)
        {
            _cancellation.ThrowIfCancellationRequested();
            var piece = bytes.Span.Slice(done, Math.Min(ContentReader.Step, bytes.Length - done));
            Add(ref counter, piece);
            done += piece.Length;
            _progress?.Invoke(done, bytes.Length);
        }

        return counter.Result;
    }

    /// <summary>
    /// Compares with as many bytes as a file has, or with its first <paramref name="count"/>. Data of a pipe is waited
    /// for outside the access bracket.
    /// </summary>
    /// <exception cref="BufferException">Removed.</exception>
    /// <exception cref="KernelException">open, read.</exception>
    public ContentComparison WithFile(string path, long? count = null)
    {
        using var limit = new WaitLimit(null, _cancellation);
        using var file = FileCalls.OpenForReading(path);
        var total = count ?? long.MaxValue;
        var shown = FileCalls.Length(file) is > 0 and var length ? Math.Min(total, length) : total;
        var chunk = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(shown, 1, ContentReader.Step));
        var counter = default(DifferenceCounter);
        for (long done = 0; done < total;)
        {
            FileCalls.Await(file, Poll.POLLIN, $"data from {path}", limit);
            _cancellation.ThrowIfCancellationRequested();
            var read = FileCalls.Read(file, path, chunk.AsSpan(0, (int)Math.Min(chunk.Length, total - done)));
            if (read == 0)
                break;
            if (read < 0)
                continue;
            Add(ref counter, chunk.AsSpan(0, read));
            done += read;
            if (shown < long.MaxValue)
                _progress?.Invoke(done, shown);
        }

        return counter.Result;
    }

    /// <summary>Compares the next bytes with the buffer, which may end before them.</summary>
    private void Add(ref DifferenceCounter counter, ReadOnlySpan<byte> bytes)
    {
        var position = counter.Result.Count;
        var common = (int)Math.Clamp(Room - position, 0, bytes.Length);
        if (common > 0)
        {
            using var view = _buffer.OpenView(BufferAccess.Read);
            counter.Add(view.Slice(_offset + position, common), bytes[..common]);
        }

        counter.AddUnmatched(bytes.Length - common);
    }
}
