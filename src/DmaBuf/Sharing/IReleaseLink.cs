using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// The link to a peer that received a buffer. It reports when that peer is done; disposing it ends the link.
/// </summary>
public interface IReleaseLink : IDisposable
{
    /// <summary>What messages call the peer.</summary>
    string Peer { get; }

    /// <summary>Whether the peer is done or gone, as far as is known without waiting.</summary>
    bool IsDone { get; }

    /// <summary>True if the peer left without reading everything that it was sent: it never had the buffer.</summary>
    bool IsUnread => false;

    /// <summary>Waits until the peer is done or gone.</summary>
    /// <exception cref="WaitTimeoutException">The peer was not done in time.</exception>
    /// <exception cref="BufferException">LinkEnded: this link was disposed in the meantime.</exception>
    void WaitUntilDone(WaitLimit limit);

    /// <summary>The same, and fails if the peer never had the buffer.</summary>
    /// <exception cref="WaitTimeoutException">The peer was not done in time.</exception>
    /// <exception cref="PeerException">NotRead.</exception>
    /// <exception cref="BufferException">LinkEnded: this link was disposed in the meantime.</exception>
    void WaitUntilReadAndDone(WaitLimit limit)
    {
        WaitUntilDone(limit);
        if (IsUnread)
        {
            throw new PeerException(PeerFault.NotRead, Peer, "closed the connection without reading all it was sent",
                "It is not the peer you meant, or it failed: look at its own messages.");
        }
    }
}
