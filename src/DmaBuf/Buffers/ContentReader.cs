using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>
/// Reads one range of a buffer, in the form that is wanted. No form copies more than it returns. Each works in steps of
/// one access bracket, and reports progress and checks for cancellation between them.
/// </summary>
public sealed class ContentReader
{
    /// <summary>Large enough to make the work between two steps negligible, small enough for a prompt Ctrl+C.</summary>
    internal const int Step = 4 << 20;

    private const int LineBlock = 64 << 10;

    private readonly DmaBuffer _buffer;
    private readonly long _offset;
    private readonly bool _isCountGiven;
    private readonly Action<long, long>? _progress;
    private readonly CancellationToken _cancellation;

    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="count">How many bytes, or null for everything up to the end.</param>
    /// <param name="progress">Called between steps with the bytes done and the total.</param>
    /// <param name="cancellation">Ends the reading, between steps.</param>
    /// <exception cref="BufferException">OutOfRange.</exception>
    public ContentReader(
        DmaBuffer buffer,
        long offset = 0,
        long? count = null,
        Action<long, long>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        _buffer = buffer;
        _isCountGiven = count is not null;
        (_offset, Count) = buffer.CheckRange(offset, count);
        _progress = progress;
        _cancellation = cancellation;
    }

    private delegate void Consumer(ReadOnlySpan<byte> bytes, long position);

    /// <summary>How many bytes the range has.</summary>
    public long Count { get; }

    /// <summary>
    /// The range as one array. Errors: <see cref="BufferException"/> (OutOfRange where no array is that long).
    /// </summary>
    public byte[] ToArray() => ToArrayOf<byte>();

    /// <summary>
    /// The range as words of 16 bits. A range that was given without a count ends with the last whole word. Errors:
    /// <see cref="BufferException"/> (PartialWord, OutOfRange where no array is that long).
    /// </summary>
    public ushort[] ToWords16(bool bigEndian = false)
    {
        var words = ToWholeWords<ushort>();
        if (bigEndian == BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(words, words);
        return words;
    }

    /// <summary>The range as words of 32 bits; see <see cref="ToWords16"/>.</summary>
    public uint[] ToWords32(bool bigEndian = false)
    {
        var words = ToWholeWords<uint>();
        if (bigEndian == BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(words, words);
        return words;
    }

    /// <summary>The range as words of 64 bits; see <see cref="ToWords16"/>.</summary>
    public ulong[] ToWords64(bool bigEndian = false)
    {
        var words = ToWholeWords<ulong>();
        if (bigEndian == BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(words, words);
        return words;
    }

    /// <summary>
    /// The range as text. It ends before the first NUL, like a string in C, unless <paramref name="keepNul"/>. Bytes
    /// that are not valid text become U+FFFD.
    /// </summary>
    public string ToText(Encoding encoding, bool keepNul = false)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        var bytes = keepNul ? ToArray() : ToFirstNul(encoding.GetByteCount("\0"));
        return encoding.GetString(bytes);
    }

    /// <summary>
    /// The range as lines of text, each read when it is asked for. Like <see cref="ToText"/>, the text ends before the
    /// first NUL, unless <paramref name="keepNul"/>.
    /// </summary>
    public IEnumerable<string> Lines(Encoding encoding, bool keepNul = false)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        var count = keepNul ? Count : FirstNul(encoding.GetByteCount("\0"));
        var stream = new BufferStream(_buffer, BufferAccess.Read, _offset, count);
        using var text = new StreamReader(stream, encoding, detectEncodingFromByteOrderMarks: false, LineBlock);
        while (text.ReadLine() is { } line)
        {
            _cancellation.ThrowIfCancellationRequested();
            yield return line;
            _progress?.Invoke(stream.Position, count);
        }
    }

    /// <summary>
    /// Writes the range straight from the mapping to a file, which is created or overwritten. If the buffer cannot be
    /// read, the file is not touched. A pipe's reader is waited for outside the access bracket.
    /// </summary>
    /// <exception cref="KernelException">open, write: EACCES, EISDIR, ENOSPC and others of the file system.</exception>
    public void WriteFile(string path)
    {
        _buffer.OpenView(BufferAccess.Read).Dispose();
        using var limit = new WaitLimit(null, _cancellation);
        using var file = FileCalls.OpenForWriting(path, limit);
        for (long done = 0; done < Count;)
        {
            _cancellation.ThrowIfCancellationRequested();
            FileCalls.Await(file, Poll.POLLOUT, $"{path} to be read", limit);
            using (var view = _buffer.OpenView(BufferAccess.Read))
                done += FileCalls.Write(file, path, view.Slice(_offset + done, (int)Math.Min(Step, Count - done)));
            _progress?.Invoke(done, Count);
        }
    }

    /// <summary>The digest of the range.</summary>
    public byte[] Hash(HashAlgorithmName algorithm)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        ForEachStep((bytes, _) => hash.AppendData(bytes));
        return hash.GetHashAndReset();
    }

    /// <summary>
    /// The range as <c>hexdump -C</c> prints it: repeated lines become one <c>*</c>, and the last line is the end.
    /// </summary>
    public IEnumerable<string> HexLines()
    {
        const int Width = 16;
        var previous = new byte[Width];
        var block = new byte[4096];
        var text = new HexLine();
        bool? repeated = null;
        for (long done = 0; done < Count;)
        {
            _cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(block.Length, Count - done);
            Copy(_offset + done, block.AsSpan(0, length));
            for (var i = 0; i < length; i += Width)
            {
                var line = block.AsMemory(i, Math.Min(Width, length - i));
                if (repeated is not null && line.Length == Width && line.Span.SequenceEqual(previous))
                {
                    if (repeated == false)
                        yield return "*";
                    repeated = true;
                    continue;
                }

                repeated = false;
                line.Span.CopyTo(previous);
                yield return text.Format(_offset + done + i, line.Span);
            }

            done += length;
            _progress?.Invoke(done, Count);
        }

        yield return $"{_offset + Count:x8}";
    }

    private byte[] ToFirstNul(int width) =>
        new ContentReader(_buffer, _offset, FirstNul(width), null, _cancellation).ToArray();

    /// <summary>The position of the first NUL, or the end of the range.</summary>
    private long FirstNul(int width)
    {
        var found = -1L;
        ForEachStep((bytes, position) =>
        {
            var index = IndexOfNul(bytes, width);
            if (found < 0 && index >= 0)
                found = position + index;
            return found < 0;
        });
        return found < 0 ? Count : found;
    }

    private T[] ToWholeWords<T>()
        where T : unmanaged
    {
        var size = Unsafe.SizeOf<T>();
        var whole = Count - (Count % size);
        if (whole != Count && _isCountGiven)
        {
            throw new BufferException(
                BufferFault.PartialWord,
                $"{Count} bytes are not a whole number of words of {size} bytes.",
                $"Use a count that is a multiple of {size}.");
        }

        return new ContentReader(_buffer, _offset, whole, _progress, _cancellation).ToArrayOf<T>();
    }

    /// <summary>The range in an array. Its bytes must fit into one span.</summary>
    private T[] ToArrayOf<T>()
        where T : unmanaged
    {
        if (Count > Array.MaxLength)
        {
            throw new BufferException(BufferFault.OutOfRange, $"{Count} bytes are more than one array holds.",
                $"Read at most {Array.MaxLength} bytes at a time, or write to a file or stream.");
        }

        var result = GC.AllocateUninitializedArray<T>((int)Count / Unsafe.SizeOf<T>());
        ForEachStep((bytes, position) => bytes.CopyTo(MemoryMarshal.AsBytes(result.AsSpan())[(int)position..]));
        return result;
    }

    private static int IndexOfNul(ReadOnlySpan<byte> bytes, int width)
    {
        var index = width switch
        {
            2 => MemoryMarshal.Cast<byte, short>(bytes).IndexOf((short)0),
            4 => MemoryMarshal.Cast<byte, int>(bytes).IndexOf(0),
            _ => bytes.IndexOf((byte)0),
        };
        return index < 0 ? -1 : index * width;
    }

    private void Copy(long offset, Span<byte> target)
    {
        using var view = _buffer.OpenView(BufferAccess.Read);
        view.Slice(offset, target.Length).CopyTo(target);
    }

    private void ForEachStep(Consumer consumer) => ForEachStep((bytes, position) =>
    {
        consumer(bytes, position);
        return true;
    });

    private delegate bool ConsumerThatMayStop(ReadOnlySpan<byte> bytes, long position);

    private void ForEachStep(ConsumerThatMayStop consumer)
    {
        for (long done = 0; done < Count;)
        {
            _cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(Step, Count - done);
            using (var view = _buffer.OpenView(BufferAccess.Read))
            {
                if (!consumer(view.Slice(_offset + done, length), done))
                    return;
            }

            done += length;
            _progress?.Invoke(done, Count);
        }
    }
}
