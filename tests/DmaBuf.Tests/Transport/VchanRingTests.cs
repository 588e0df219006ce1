using System.Runtime.InteropServices;
using DmaBuf.Transport;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Both sides of a ring, in memory of this process.</summary>
public sealed unsafe class VchanRingTests : IDisposable
{
    private const int Order = 10;
    private const int Size = 1 << Order;
    private readonly uint* _indices = (uint*)NativeMemory.AllocZeroed(2 * sizeof(uint) + Size);
    private readonly VchanRing _writer;
    private readonly VchanRing _reader;

    public VchanRingTests()
    {
        _writer = new VchanRing(_indices, (byte*)(_indices + 2), Order);
        _reader = new VchanRing(_indices, (byte*)(_indices + 2), Order);
    }

    public void Dispose() => NativeMemory.Free(_indices);

    [Fact]
    public void Everything_arrives_in_order_however_it_is_cut()
    {
        var random = new Random(1);
        var sent = new byte[100_000];
        random.NextBytes(sent);
        var received = new List<byte>();
        var piece = new byte[2 * Size];
        for (var at = 0; received.Count < sent.Length;)
        {
            at += _writer.Write(sent.AsSpan(at, Math.Min(random.Next(2 * Size), sent.Length - at)));
            var count = _reader.Read(piece.AsSpan(0, random.Next(2 * Size)));
            received.AddRange(piece.AsSpan(0, count));
            Assert.Equal(at - received.Count, _writer.Unread);
            Assert.Equal(Size - _writer.Unread, _writer.Space);
            Assert.Equal(_writer.Unread, _reader.Ready);
        }

        Assert.Equal(sent, received);
    }

    [Fact]
    public void A_full_ring_takes_nothing_until_it_is_read()
    {
        Assert.Equal(Size, _writer.Write(new byte[Size + 1]));
        Assert.Equal(0, _writer.Write([1]));
        Assert.Equal(1, _reader.Read(new byte[1]));
        Assert.Equal(1, _writer.Write([1, 2]));
    }

    [Fact]
    public void Two_threads_exchange_more_than_fits()
    {
        const int Total = 1 << 20;
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var writing = Task.Run(() =>
        {
            var next = 0;
            var piece = new byte[100];
            while (next < Total && !stop.IsCancellationRequested)
            {
                for (var i = 0; i < piece.Length; i++)
                    piece[i] = (byte)((next + i) * 7);
                var written = _writer.Write(piece.AsSpan(0, Math.Min(piece.Length, Total - next)));
                next += Math.Max(0, written);
                // On one processor, the other thread would have to wait for the end of this one's turn.
                if (written <= 0)
                    Thread.Yield();
            }
        }, TestContext.Current.CancellationToken);
        var wrong = -1;
        var at = 0;
        var buffer = new byte[333];
        while (at < Total && wrong < 0 && !stop.IsCancellationRequested)
        {
            var count = _reader.Read(buffer);
            if (count == 0)
                Thread.Yield();
            for (var i = 0; i < count; i++, at++)
            {
                if (buffer[i] != (byte)(at * 7))
                    wrong = at;
            }
        }

        // The memory is freed after this test.
        stop.Cancel();
        writing.Wait(TestContext.Current.CancellationToken);
        Assert.Equal((Total, -1), (at, wrong));
    }

    /// <summary>The peer can write anything into the indices at any time.</summary>
    [Theory]
    [InlineData(Size + 1)]
    [InlineData(0x80000000)]
    [InlineData(uint.MaxValue)]
    public void Impossible_indices_are_noticed_before_anything_is_copied(uint index)
    {
        _indices[1] = index;
        Assert.Equal(-1, _reader.Ready);
        Assert.Equal(-1, _reader.Read(new byte[10]));
        // More was read than written.
        _indices[0] = 1;
        Assert.Equal(-1, _writer.Space);
        Assert.Equal(-1, _writer.Write(new byte[10]));
    }

    [Fact]
    public void What_the_peer_does_to_this_sides_own_index_changes_nothing()
    {
        Assert.Equal(3, _writer.Write([1, 2, 3]));
        _indices[1] = 1;
        Assert.Equal(2, _writer.Write([4, 5]));
        Assert.Equal(5u, _indices[1]);
        var all = new byte[8];
        Assert.Equal(5, _reader.Read(all));
        Assert.Equal([1, 2, 3, 4, 5], all[..5]);
    }
}
