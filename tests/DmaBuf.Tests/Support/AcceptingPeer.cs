using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Tests;

/// <summary>
/// A thread that accepts every connection and passes it to an action, which owns the stream. Disposing it reports the
/// action's first failure.
/// </summary>
internal sealed class AcceptingPeer : IDisposable
{
    private readonly StreamListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private Exception? _failure;

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
        if (_failure is not null)
            throw new InvalidOperationException("The accepting peer failed.", _failure);
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

    private void Receive(ByteStream stream, Action<ByteStream, WaitLimit> receive, WaitLimit limit)
    {
        try
        {
            receive(stream, limit);
        }
        catch (Exception failure)
        {
            stream.Dispose();
            // A PeerException: what it was to receive ended after its sender had connected.
            if (failure is OperationCanceledException)
                throw;
            if (failure is not PeerException)
                _failure ??= failure;
        }
    }
}
