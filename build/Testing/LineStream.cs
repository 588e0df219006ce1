using System.Text;

namespace DmaBuf.Build;

/// <summary>A write-only stream that passes on whole lines.</summary>
internal sealed class LineStream(Action<string> take) : Stream
{
    private readonly List<byte> _line = [];

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.IndexOf((byte)'\n') is >= 0 and int end)
        {
            _line.AddRange(buffer[..end]);
            take(Encoding.UTF8.GetString([.. _line]));
            _line.Clear();
            buffer = buffer[(end + 1)..];
        }

        _line.AddRange(buffer);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
