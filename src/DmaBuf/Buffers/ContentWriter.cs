using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>
/// Writes into a buffer, starting at one offset, in steps like <see cref="ContentReader"/>. Content that is known to be
/// too long is refused before the first byte is written.
/// </summary>
public sealed class ContentWriter
{
    private readonly DmaBuffer _buffer;
    private readonly Action<long, long>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly long _offset;

    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the first byte goes.</param>
    /// <param name="progress">
    /// Called between steps with the bytes done and the total, or the room where the total is unknown.
    /// </param>
    /// <param name="cancellation">Ends the writing, between steps; what is written stays.</param>
    /// <exception cref="BufferException">OutOfRange.</exception>
    public ContentWriter(
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

    /// <returns>The bytes produced, 0 at the end, or -1 where there are none yet.</returns>
    private delegate int Producer(Span<byte> room, long position);

    private long Room => _buffer.Size - _offset;

    /// <summary>Writes the bytes. Errors: <see cref="BufferException"/> (DoesNotFit, ReadOnly, Removed).</summary>
    public void Write(ReadOnlyMemory<byte> bytes)
    {
        CheckFits(bytes.Length);
        ForEachStep(bytes.Length, (room, position) =>
        {
            bytes.Span.Slice((int)position, room.Length).CopyTo(room);
            return room.Length;
        });
    }

    /// <summary>
    /// Repeats a pattern over <paramref name="count"/> bytes, or up to the buffer's end, where the last repetition may
    /// be cut off.
    /// </summary>
    public void Fill(ReadOnlyMemory<byte> pattern, long? count = null)
    {
        if (pattern.IsEmpty)
            throw new BufferException(
                BufferFault.BadContent, "The pattern is empty.", "Give at least one byte.");
        var total = count ?? Room;
        CheckFits(total);
        if (pattern.Length == 1)
        {
            var value = pattern.Span[0];
            ForEachStep(total, (room, _) =>
            {
                room.Fill(value);
                return room.Length;
            });
            return;
        }

        // Short patterns are repeated in a block, so that they are copied in long pieces.
        var block = new byte[pattern.Length * Math.Max(1, 65536 / pattern.Length)];
        for (var i = 0; i < block.Length; i += pattern.Length)
            pattern.Span.CopyTo(block.AsSpan(i));
        ForEachStep(total, (room, position) =>
        {
            for (var done = 0; done < room.Length;)
            {
                var phase = (int)((position + done) % block.Length);
                var length = Math.Min(block.Length - phase, room.Length - done);
                block.AsSpan(phase, length).CopyTo(room[done..]);
                done += length;
            }

            return room.Length;
        });
    }

    /// <summary>
    /// Reads a file straight into the mapping: all of it, or its first <paramref name="count"/> bytes. Files without a
    /// length, such as pipes and /dev/urandom, are read like a stream, whose data is waited for outside the access
    /// bracket.
    /// </summary>
    /// <returns>The bytes written.</returns>
    /// <exception cref="BufferException">DoesNotFit, ReadOnly, Removed.</exception>
    /// <exception cref="KernelException">open, read.</exception>
    public long WriteFile(string path, long? count = null)
    {
        using var limit = new WaitLimit(null, _cancellation);
        using var file = FileCalls.OpenForReading(path);
        var length = FileCalls.Length(file);
        if (length > 0)
            count = Math.Min(count ?? long.MaxValue, length);
        if (count is not null)
            CheckFits(count.Value);
        var written = ForEachStep(count ?? Room, (room, _) => FileCalls.Read(file, path, room), _ => Await());
        if (count is not null || written < Room)
            return written;

        Span<byte> more = stackalloc byte[1];
        int read;
        do
        {
            Await();
            read = FileCalls.Read(file, path, more);
        }
        while (read < 0);
        return read == 0 ? written : throw DoesNotFit("The file");

        void Await() => FileCalls.Await(file, Poll.POLLIN, $"data from {path}", limit);
    }

    /// <summary>
    /// Reads a stream to its end or for <paramref name="count"/> bytes. Data is waited for outside the access bracket,
    /// and cancellation ends the wait even where the stream ignores it. A stream of unknown length that turns out too
    /// long fails only once the buffer is full.
    /// </summary>
    /// <returns>The bytes written.</returns>
    /// <exception cref="BufferException">DoesNotFit, ReadOnly, Removed.</exception>
    /// <exception cref="StreamException">Closed, NotReadable, Failed.</exception>
    /// <exception cref="KernelException">read: the error number that the stream reports.</exception>
    /// <exception cref="OperationCanceledException">The writer's token was cancelled.</exception>
    public long WriteStream(Stream stream, long? count = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (count is null && StreamCalls.Remaining(stream) is { } remaining)
            CheckFits(remaining);
        if (count is not null)
            CheckFits(count.Value);

        // Before the first read, so that a buffer that cannot be written leaves the stream's position unchanged.
        _buffer.OpenView(BufferAccess.ReadWrite).Dispose();
        var total = count ?? Room;
        var chunk = GC.AllocateUninitializedArray<byte>((int)Math.Clamp(total, 1, ContentReader.Step));
        var read = 0;
        var written = ForEachStep(
            total,
            (room, _) =>
            {
                chunk.AsSpan(0, read).CopyTo(room);
                return read;
            },
            length => read = StreamCalls.Read(stream, chunk.AsMemory(0, length), _cancellation));
        if (count is not null || written < total)
            return written;
        return StreamCalls.Read(stream, chunk.AsMemory(0, 1), _cancellation) == 0
            ? written
            : throw DoesNotFit("The stream");
    }

    /// <param name="total">How many bytes to write.</param>
    /// <param name="producer">Writes them, inside the access bracket.</param>
    /// <param name="prepare">Waits for the next bytes, before the bracket. Its argument is the room for them.</param>
    private long ForEachStep(long total, Producer producer, Action<int>? prepare = null)
    {
        long done = 0;
        while (done < total)
        {
            _cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(ContentReader.Step, total - done);
            prepare?.Invoke(length);
            int produced;
            using (var view = _buffer.OpenView(BufferAccess.ReadWrite))
                produced = producer(view.WritableSlice(_offset + done, length), done);
            if (produced == 0)
                break;
            if (produced < 0)
                continue;
            done += produced;
            _progress?.Invoke(done, total);
        }

        return done;
    }

    private void CheckFits(long length)
    {
        if (length < 0 || length > Room)
            throw DoesNotFit($"{length} bytes");
    }

    private BufferException DoesNotFit(string what) =>
        new(BufferFault.DoesNotFit, $"{what} at offset {_offset} cannot fit into {_buffer}.",
            $"The room there is {Room} bytes: write less, start earlier, or make a larger buffer.");
}
