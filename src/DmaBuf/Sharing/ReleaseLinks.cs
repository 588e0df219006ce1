using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// The links to the peers that received a share and are not done with it. No link is queried under the lock.
/// </summary>
internal sealed class ReleaseLinks : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<IReleaseLink> _links = [];
    private int _handOvers;
    private bool _ended;
    private bool _reported;
    private string? _cutOff;

    /// <summary>
    /// Whether a peer has or had the share, or a sender that waits is looking for its next peer.
    /// </summary>
    public bool WasGiven
    {
        get
        {
            lock (_lock)
                return _reported || _links.Count > 0 || _handOvers > 0;
        }
    }

    /// <summary>Takes over a link. Links whose peers are done are dropped, so that they do not pile up.</summary>
    /// <param name="link">The link.</param>
    /// <param name="beginsHandOver">
    /// Whether its sender waits for this peer, and goes on to the next one if this one does not read. Until
    /// <see cref="EndHandOver"/>, a wait for all peers then includes the next one.
    /// </param>
    public void Add(IReleaseLink link, bool beginsHandOver = false)
    {
        lock (_lock)
        {
            if (beginsHandOver)
                _handOvers++;
            if (!_ended)
            {
                _links.Add(link);
            }
            else
            {
                // Recorded for a wait on this link too: it can no longer tell whether its peer is done.
                _cutOff = link.Peer;
            }
        }

        if (_cutOff is not null)
            link.Dispose();
        foreach (var other in All())
        {
            if (other != link && other.IsDone)
                Forget(other);
        }
    }

    /// <summary>Ends what <see cref="Add"/> began.</summary>
    public void EndHandOver()
    {
        lock (_lock)
            _handOvers--;
    }

    /// <summary>Waits until every peer is done or gone.</summary>
    /// <returns>False if no peer has had the share: none read it, and their senders gave up.</returns>
    /// <exception cref="WaitTimeoutException">A peer was not done in time.</exception>
    /// <exception cref="BufferException">LinkEnded: the link to a peer was ended here in the meantime.</exception>
    public bool Wait(WaitLimit limit)
    {
        const int LookAgainMilliseconds = 20;
        while (true)
        {
            IReleaseLink? link;
            lock (_lock)
            {
                link = _links.FirstOrDefault();
                if (link is null && (_handOvers == 0 || _ended))
                {
                    return _cutOff is null && (_reported || !_ended)
                        ? _reported
                        : throw BufferException.LinkEnded(_cutOff ?? "a peer");
                }
            }

            if (link is null)
            {
                limit.Pause(LookAgainMilliseconds, "the next peer of a send that is under way");
                continue;
            }

            link.WaitUntilDone(limit);
            Forget(link);
        }
    }

    /// <summary>
    /// Waits until one peer has read everything and is done. After a timeout the wait can be repeated.
    /// </summary>
    /// <exception cref="PeerException">
    /// NotRead: the peer closed the connection without reading everything that it was sent.
    /// </exception>
    /// <inheritdoc cref="Wait(WaitLimit)"/>
    public void Wait(IReleaseLink link, WaitLimit limit)
    {
        try
        {
            link.WaitUntilReadAndDone(limit);
        }
        catch (PeerException)
        {
            Forget(link);
            throw;
        }

        Forget(link);
    }

    private void Forget(IReleaseLink link)
    {
        var isUnread = link.IsUnread;
        lock (_lock)
            Remove(link, isUnread);
        link.Dispose();
    }

    /// <summary>
    /// Removes a link whose peer is done, once. During a hand-over, an unread link is no release: the sender tries the
    /// next peer.
    /// </summary>
    private void Remove(IReleaseLink link, bool isUnread)
    {
        if (_links.Remove(link))
            _reported |= _handOvers == 0 || !isUnread;
    }

    /// <summary>
    /// Ends all links. Each is recorded as cut off before it leaves the list, so that no wait mistakes its peer for
    /// done.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
            _ended = true;
        foreach (var link in All())
        {
            var done = link.IsDone;
            var isUnread = link.IsUnread;
            lock (_lock)
            {
                if (done)
                    Remove(link, isUnread);
                else if (_links.Remove(link))
                    _cutOff = link.Peer;
            }

            link.Dispose();
        }
    }

    private IReleaseLink[] All()
    {
        lock (_lock)
            return [.. _links];
    }
}
