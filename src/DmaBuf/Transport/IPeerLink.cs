using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>The link to a peer that was given a buffer. It tells when that peer is done; disposing it ends the link.</summary>
public interface IPeerLink : IDisposable
{
    /// <summary>What a message calls the peer.</summary>
    string Peer { get; }

    /// <summary>Whether the peer is done or gone, without waiting for it.</summary>
    bool IsDone { get; }

    /// <summary>Waits until the peer is done or gone.</summary>
    /// <exception cref="WaitTimeoutException">The peer was not done in time.</exception>
    void WaitUntilDone(WaitLimit limit);
}
