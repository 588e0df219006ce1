using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace DmaBuf.Frames;

/// <summary>
/// The chunks of a PNG file. As a stream, it takes the compressed pixels and writes them as chunks of type IDAT.
/// </summary>
internal sealed class PngChunks : Stream
{
    private const int DataSize = 64 << 10;
    private static readonly uint[] s_crcs = Crcs();

    private readonly Stream _output;
    private readonly byte[] _data = new byte[DataSize];
    private int _count;

    /// <param name="output">What gets the chunks; the caller closes it.</param>
    public PngChunks(Stream output) => _output = output;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes one chunk: its length, its type, its data, and a CRC of type and data.</summary>
    public void WriteChunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        _output.Write(number);
        _output.Write(type);
        _output.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), data));
        _output.Write(number);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var count = Math.Min(buffer.Length, DataSize - _count);
            buffer[..count].CopyTo(_data.AsSpan(_count));
            _count += count;
            buffer = buffer[count..];
            if (_count == DataSize)
                Flush();
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        if (_count == 0)
            return;
        WriteChunk("IDAT"u8, _data.AsSpan(0, _count));
        _count = 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
            crc = s_crcs[(byte)crc ^ value] ^ (crc >> 8);
        return crc;
    }

    /// <summary>The CRC of each byte, by the polynomial of ISO 3309.</summary>
    private static uint[] Crcs()
    {
        const uint Polynomial = 0xEDB88320;
        var crcs = new uint[256];
        for (var i = 0u; i < crcs.Length; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? Polynomial ^ (crc >> 1) : crc >> 1;
            crcs[i] = crc;
        }

        return crcs;
    }
}
