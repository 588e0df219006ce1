using System.Diagnostics;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Sharing.Channels;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Bench;

/// <summary>
/// Measures channels over a unix socket. Both sides are in this process, each with the threads that it has in one of
/// its own. The limit beside them is what the socket itself takes between two threads.
/// </summary>
internal sealed class ChannelSuite : IDisposable
{
    private const int Size = 1 << 20;
    private readonly ShareTable _leftShares = new();
    private readonly ShareTable _rightShares = new();
    private readonly ChannelTable _leftTable;
    private readonly ChannelTable _rightTable;
    private readonly WaitLimit _leftLimit = new();
    private readonly WaitLimit _rightLimit = new();
    private readonly Channel _left;
    private readonly Channel _right;

    private ChannelSuite()
    {
        _leftTable = new ChannelTable(_leftShares);
        _rightTable = new ChannelTable(_rightShares);
        var (one, other) = Connect();
        var options = new ChannelOptions { MaxShares = 20_000, MaxEvents = 50_000 };
        var opening = Task.Run(() => _leftTable.Open(one, options, _leftLimit));
        _right = _rightTable.Open(other, options, _rightLimit);
        _left = opening.GetAwaiter().GetResult();
    }

    public static IEnumerable<Row> Run(bool quick)
    {
        var bare = HalfRoundTrip(quick ? 2_000 : 20_000);
        using var suite = new ChannelSuite();
        var reached = suite.PublishToEvent(quick ? 200 : 2_000);
        yield return new Row("channel publish to event", Size, reached, bare, "at most 0.3 ms", reached <= 0.3);
        var (turns, bytes) = suite.Turns(quick ? 5_000 : 50_000);
        yield return new Row("channel turns a second", Size, turns, 0, "at least 5000", turns >= 5000, "1/s");
        yield return new Row("channel bytes allocated a turn", Size, bytes, 0, "0", bytes < 1, "bytes");
        foreach (var shares in quick ? [1024] : new[] { 1024, 10_000 })
        {
            var lookUp = suite.LookUp(shares);
            yield return new Row($"channel look-up of an id among {shares}", 0, lookUp, 0);
        }
    }

    public void Dispose()
    {
        _leftTable.Dispose();
        _rightTable.Dispose();
        _leftShares.Dispose();
        _rightShares.Dispose();
        _leftLimit.Dispose();
        _rightLimit.Dispose();
    }

    private static (ByteStream, ByteStream) Connect()
    {
        var path = Workshop.SocketPath("channel");
        using var limit = new WaitLimit();
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{path}"));
        var one = StreamConnector.Connect(Endpoint.Parse($"unix:{path}"), limit);
        return (one, listener.Accept(limit));
    }

    /// <summary>Half of what a byte there and back takes between two threads, in milliseconds.</summary>
    private static double HalfRoundTrip(int rounds)
    {
        var (one, other) = Connect();
        using (one)
        using (other)
        {
            var echo = new Thread(() =>
            {
                using var limit = new WaitLimit();
                var bytes = new byte[1];
                while (other.Receive(bytes, limit) > 0)
                    other.Send(bytes, limit);
            });
            echo.Start();
            using var limit = new WaitLimit();
            var bytes = new byte[1];
            var times = Times(rounds, () =>
            {
                one.Send(bytes, limit);
                one.Receive(bytes, limit);
            });
            one.Dispose();
            echo.Join();
            return times / 2;
        }
    }

    /// <summary>The median time of an action in milliseconds, after some rounds to warm up.</summary>
    private static double Times(int rounds, Action action)
    {
        for (var i = 0; i < rounds / 10; i++)
            action();
        var times = new double[rounds];
        for (var i = 0; i < rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[rounds / 2];
    }

    private double PublishToEvent(int rounds)
    {
        var buffer = _leftShares.Add(MemFdAllocator.Allocate(Size));
        var times = new double[rounds];
        for (var i = 0; i < rounds + (rounds / 10); i++)
        {
            var start = Stopwatch.GetTimestamp();
            var share = _left.Publish(buffer, null, _leftLimit);
            Expect(_rightTable, ChannelEventType.Published, _rightLimit);
            times[i % rounds] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            share.Unpublish();
            Expect(_rightTable, ChannelEventType.Unpublished, _rightLimit);
            Expect(_leftTable, ChannelEventType.Unpublished, _leftLimit);
        }

        _leftShares.Remove(buffer);
        return times.Median();
    }

    private (double TurnsPerSecond, double BytesPerTurn) Turns(int turns)
    {
        const int Buffers = 3;
        var exported = new ExportedShare[Buffers];
        var imported = new ImportedShare[Buffers];
        for (var i = 0; i < Buffers; i++)
        {
            exported[i] = _left.Publish(_leftShares.Add(MemFdAllocator.Allocate(Size)), null, _leftLimit);
            imported[i] = (ImportedShare)Expect(_rightTable, ChannelEventType.Published, _rightLimit).Share!;
            imported[i].Import(ImportMethod.Any, _rightLimit);
            imported[i].Release();
            Expect(_leftTable, ChannelEventType.Released, _leftLimit);
        }

        var consumer = new Thread(() =>
        {
            for (var i = 0; i < turns + (turns / 10); i++)
            {
                var share = (ImportedShare)Expect(
                    _rightTable, ChannelEventType.Updated, _rightLimit).Share!;
                share.Acquire(write: false, _rightLimit);
                share.Release();
            }
        });
        consumer.Start();
        Produce(exported, turns / 10);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        Produce(exported, turns);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        consumer.Join();
        return (turns / seconds, (double)bytes / turns);
    }

    private void Produce(ExportedShare[] shares, int turns)
    {
        for (var i = 0; i < turns; i++)
        {
            if (i >= shares.Length)
                Expect(_leftTable, ChannelEventType.Released, _leftLimit);
            var share = shares[i % shares.Length];
            _left.Publish(share.Buffer!, null, _leftLimit);
        }

        for (var i = 0; i < shares.Length; i++)
            Expect(_leftTable, ChannelEventType.Released, _leftLimit);
    }

    private double LookUp(int count)
    {
        while (_left.ExportedCount < count)
            _left.Publish(_leftShares.Add(MemFdAllocator.Allocate(4096)), null, _leftLimit);
        var id = _left.Shares[count / 2].Id;
        return Times(10_000, () => _left.Find(id));
    }

    /// <summary>Takes events from the one channel of a table, up to the next one of a type.</summary>
    private static ChannelEvent Expect(ChannelTable table, ChannelEventType type, WaitLimit limit)
    {
        while (true)
        {
            var next = table.TakeEvent(null, [], limit);
            if (next.Type == type)
                return next;
        }
    }
}
