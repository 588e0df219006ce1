using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// The rule of the one-shot hand-offs: the peer closes the stream, or half of it, when it is done with the buffer. The
/// link owns the stream and reads nothing from it.
/// </summary>
public sealed class ReleaseLink : IReleaseLink
{
    private readonly ByteStream _stream;

    /// <param name="stream">The stream that the buffer was sent on. The link takes it over.</param>
    public ReleaseLink(ByteStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
    }

    /// <inheritdoc/>
    public string Peer => _stream.Peer;

    /// <inheritdoc/>
    public bool IsDone => _stream.HasEnded;

    /// <inheritdoc/>
    /// <remarks>On vsock the end of the peer's guest also resets the connection, whatever the peer has read.</remarks>
    public bool IsUnread => _stream.IsReset && _stream.Endpoint.Kind != EndpointKind.Vsock;

    /// <inheritdoc/>
    public void WaitUntilDone(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        try
        {
            _stream.WaitForEnd(limit);
        }
        catch (KernelException e) when (e.Call == "poll")
        {
            throw BufferException.LinkEnded(Peer);
        }
        catch (WaitTimeoutException e)
        {
            throw e.ForRelease();
        }
    }

    /// <summary>Closes the stream.</summary>
    public void Dispose() => _stream.Dispose();
}
