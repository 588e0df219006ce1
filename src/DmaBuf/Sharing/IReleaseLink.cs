using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>The link to a peer that was given a buffer. It tells when that peer is done; disposing it ends the link.</summary>
public interface IReleaseLink : IDisposable
{
    /// <summary>What a message calls the peer.</summary>
    string Peer { get; }

    /// <summary>Whether the peer is done or gone, as far as can be told without a wait.</summary>
    bool IsDone { get; }

    /// <summary>True where the peer went without having read all it was sent: it never had the buffer.</summary>
    bool IsUnread => false;

    /// <summary>Waits until the peer is done or gone.</summary>
    /// <exception cref="WaitTimeoutException">The peer was not done in time.</exception>
    /// <exception cref="BufferException">LinkEnded: this link was disposed meanwhile.</exception>
    void WaitUntilDone(WaitLimit limit);

    /// <summary>The same for a peer that must have had the buffer.</summary>
    /// <exception cref="WaitTimeoutException">The peer was not done in time.</exception>
    /// <exception cref="PeerException">NotRead.</exception>
    /// <exception cref="BufferException">LinkEnded: this link was disposed meanwhile.</exception>
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
