using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>The messages of a sender, as its receiver reads them.</summary>
internal sealed class SenderMessages : IDisposable
{
    private const int LookAgainMilliseconds = 200;
    private static readonly TimeSpan s_messageTime = TimeSpan.FromSeconds(30);
    private readonly ByteStream _stream;
    private readonly WaitLimit _limit;
    private readonly StreamInput _input;
    private readonly string _waitText;

    public SenderMessages(ByteStream stream, CancellationToken stop)
    {
        _stream = stream;
        _limit = new WaitLimit(s_messageTime, stop);
        _input = new StreamInput(stream, stop);
        _waitText = $"a frame from {stream.Peer}";
    }

    /// <summary>The limit of the current message, which ends 30 s after its first byte, however it drips.</summary>
    public WaitLimit Limit => _limit;

    /// <summary>Begins the next message: waits for it without a limit, and reads its head.</summary>
    /// <param name="head">The head.</param>
    /// <param name="sink">Where the frames go: once that is closed, nothing is waited for.</param>
    /// <returns>False where the sender has closed the connection, or the sink is closed.</returns>
    public bool TryBegin(Span<byte> head, IFrameSink sink)
    {
        while (true)
        {
            var count = _input.ReadSoon(head);
            if (count > 0)
            {
                _limit.Restart();
                Fill(head[count..]);
                return true;
            }

            if (_input.HasEnded || sink.IsClosed)
                return false;
            _input.Wait(null, LookAgainMilliseconds, _waitText);
        }
    }

    /// <summary>
    /// Begins a part with a time limit of its own, such as all that comes before the frames.
    /// </summary>
    public void BeginPart() => _limit.Restart();

    /// <summary>Reads a part of the current message.</summary>
    /// <exception cref="PeerException">ClosedEarly, Stalled.</exception>
    /// <exception cref="KernelException">recv: ECONNRESET.</exception>
    public void Fill(Span<byte> bytes)
    {
        try
        {
            if (_stream.ReceiveAll(bytes, _limit) is > 0 and var missing)
            {
                throw new PeerException(PeerFault.ClosedEarly, _stream.Peer,
                    $"closed the connection {missing} bytes before the end of a message",
                    "It failed, or it was ended: look at its own messages.");
            }
        }
        catch (WaitTimeoutException)
        {
            throw new PeerException(PeerFault.Stalled, _stream.Peer,
                $"did not send all of a message within {s_messageTime.TotalSeconds} s", "Look at its own messages.");
        }
    }

    public void Dispose()
    {
        _input.Dispose();
        _limit.Dispose();
    }
}
