using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Tests;

/// <summary>A connected stream with a side for a sender and one for a receiver.</summary>
internal sealed class FrameStreams : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly StreamListener _listener;

    public FrameStreams(string kind = "unix")
    {
        var (listening, connecting) = kind switch
        {
            "tcp" => ($"tcpd:127.0.0.1:{StreamTests.FreePort()}", "tcp"),
            "vsock" => ($"vsockd:1:{StreamTests.FreePort()}", "vsock"),
            _ => ($"unixd:{_folder.File("frames")}", "unix"),
        };
        using var limit = new WaitLimit(TimeSpan.FromSeconds(20));
        _listener = StreamListener.Listen(Endpoint.Parse(listening));
        var address = listening[(listening.IndexOf(':', StringComparison.Ordinal) + 1)..];
        Sending = StreamConnector.Connect(Endpoint.Parse($"{connecting}:{address}"), limit);
        Receiving = _listener.Accept(limit);
    }

    public ByteStream Sending { get; }

    public ByteStream Receiving { get; }

    /// <summary>The test pattern, unpaced unless a rate is given.</summary>
    public static TestPatternSource Pattern(
        int width = 64, int height = 48, string format = "YUYV", double rate = 0, int buffers = 4) =>
        new(width, height, FourCC.Parse(format), rate, buffers, Allocate);

    public static DmaBuffer Allocate(long size) => MemFdAllocator.Allocate(FrameMemory.RoundUp(size));

    /// <summary>Runs a sender on a thread of its own, and then closes its side of the stream.</summary>
    public Task<StreamSummary> Send(FrameSender sender) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                sender.Run();
                return sender.Summary;
            }
            finally
            {
                sender.Dispose();
                Sending.Dispose();
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    /// <summary>Runs a receiver to its end.</summary>
    public static StreamSummary Receive(FrameReceiver receiver)
    {
        using (receiver)
        {
            receiver.Run();
            return receiver.Summary;
        }
    }

    public void Dispose()
    {
        Sending.Dispose();
        Receiving.Dispose();
        _listener.Dispose();
        _folder.Dispose();
    }
}
