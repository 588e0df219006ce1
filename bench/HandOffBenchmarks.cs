using BenchmarkDotNet.Attributes;
using DmaBuf.Buffers;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Bench;

/// <summary>
/// A complete hand-off of one buffer: create, connect, send, receive, map, read a byte, close. In C as here, one
/// thread plays both sides, so that no scheduling is measured.
/// </summary>
public class HandOffBenchmarks : IDisposable
{
    internal const string HandOff = "create+send+receive+map";

    private readonly WaitLimit _limit = new();
    private readonly string _pathC = Workshop.SocketPath("c");
    private StreamListener? _listener;
    private int _listenerC;

    [Params(64 << 10, 1 << 20)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _listener = StreamListener.Listen(Endpoint.Parse($"unixd:{Workshop.SocketPath("core")}"));
        _listenerC = Baseline.Listen(_pathC);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _listener?.Dispose();
        _limit.Dispose();
        File.Delete(_pathC);
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, Description = "C")]
    [BenchmarkCategory(HandOff)]
    public void HandOverC() => Baseline.HandOff(_listenerC, _pathC, Size, BenchBuffer.IsDmaBuf);

    [Benchmark]
    [BenchmarkCategory(HandOff)]
    public byte HandOver()
    {
        using var buffer = BenchBuffer.Create(Size);
        using var sender = StreamConnector.Connect(_listener!.Endpoint, _limit);
        using var receiver = _listener.Accept(_limit);
        DescriptorHandOff.Send(sender, buffer, _limit);
        using var received = DescriptorHandOff.Receive(receiver, _limit);
        using var view = received.OpenView(BufferAccess.Read);
        return view.Slice(0, 1)[0];
    }
}
