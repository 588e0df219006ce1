using System.Text;

namespace DmaBuf.Tests;

/// <summary>Counts the half blocks and line ends of the last picture that a terminal gets.</summary>
internal sealed class CountingStream : Stream
{
    private static readonly byte[] s_block = Encoding.UTF8.GetBytes("▀");

    public int Blocks { get; private set; }

    public int Lines { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        var blocks = buffer.Count(s_block);
        if (blocks > 0)
            (Blocks, Lines) = (blocks, buffer.Count((byte)'\n'));
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
