using DmaBuf.Buffers;
using DmaBuf.Errors;
using Xunit;

namespace DmaBuf.Tests;

public sealed class BufferStreamTests
{
    [Fact]
    public void A_stream_reads_its_range_and_sees_later_writes()
    {
        using var buffer = Buffers.New(4096);
        using var stream = new BufferStream(buffer, BufferAccess.Read, 10, 20);
        Assert.Equal(20, stream.Length);
        new ContentWriter(buffer, 10).Write("late"u8.ToArray());
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        Assert.Equal(20, copy.Length);
        Assert.Equal("late"u8.ToArray(), copy.ToArray()[..4]);
        Assert.Equal(0, stream.Read(new byte[4]));
    }

    [Fact]
    public void A_stream_writes_seeks_and_never_grows()
    {
        using var buffer = Buffers.New(4096);
        using var stream = new BufferStream(buffer, BufferAccess.ReadWrite);
        stream.Seek(-3, SeekOrigin.End);
        stream.Write("end"u8);
        Assert.Equal("end"u8.ToArray(), new ContentReader(buffer, 4093).ToArray());
        Assert.Equal("Buffer,DoesNotFit", Assert.Throws<BufferException>(() => stream.Write("x"u8)).ErrorId);
        Assert.Throws<NotSupportedException>(() => stream.SetLength(1));
    }

    [Fact]
    public void A_stream_for_reading_refuses_writes_and_a_stream_of_a_removed_buffer_refuses_reads()
    {
        var buffer = Buffers.New(4096);
        using var stream = new BufferStream(buffer);
        Assert.Equal("Buffer,ReadOnly", Assert.Throws<BufferException>(() => stream.Write("x"u8)).ErrorId);
        buffer.Dispose();
        Assert.False(stream.CanRead);
        Assert.Equal("Buffer,Removed", Assert.Throws<BufferException>(() => stream.Read(new byte[1])).ErrorId);
    }
}
