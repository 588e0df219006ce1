using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Tests;

/// <summary>A thread that accepts every connection and passes it to an action, which owns the stream.</summary>
internal sealed class AcceptingPeer : IDisposable
{
    private readonly StreamListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;

    public AcceptingPeer(string address, Action<ByteStream, WaitLimit> receive)
    {
        _listener = StreamListener.Listen(Endpoint.Parse(address));
        _thread = new Thread(() => Run(receive, _stop.Token));
        _thread.Start();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
        _listener.Dispose();
    }

    private void Run(Action<ByteStream, WaitLimit> receive, CancellationToken stop)
    {
        using var limit = new WaitLimit(null, stop);
        try
        {
            while (true)
                Receive(_listener.Accept(limit), receive, limit);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static void Receive(ByteStream stream, Action<ByteStream, WaitLimit> receive, WaitLimit limit)
    {
        try
        {
            receive(stream, limit);
        }
        catch (PeerException)
        {
            // What it was to receive ended after its sender had connected.
            stream.Dispose();
        }
    }
}
