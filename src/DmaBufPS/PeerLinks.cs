using DmaBuf.Errors;
using DmaBuf.Sharing;
using DmaBuf.Waits;

namespace DmaBufPS;

/// <summary>The peers that one buffer or one lease was given to, as far as they are not done with it.</summary>
internal sealed class PeerLinks : IDisposable
{
    private readonly List<IReleaseLink> _links = [];
    private bool _ended;
    private string? _cutOff;
    private bool _reported;

    /// <summary>Whether it was given to a peer that can report, or has reported.</summary>
    public bool WasGiven
    {
        get
        {
            lock (_links)
                return _reported || _links.Count > 0;
        }
    }

    /// <summary>Takes a link over. Those whose peers are done go, so that they do not pile up.</summary>
    public void Add(IReleaseLink link)
    {
        List<IReleaseLink> done;
        lock (_links)
        {
            done = _links.FindAll(other => other.IsDone);
            _reported |= done.Count > 0;
            _links.RemoveAll(done.Contains);
            if (_ended)
                done.Add(link);
            else
                _links.Add(link);
        }

        done.ForEach(other => other.Dispose());
    }

    /// <summary>Waits until every peer is done.</summary>
    /// <exception cref="WaitTimeoutException">One was not done in time.</exception>
    /// <exception cref="BufferException">LinkEnded: the link to one was ended here meanwhile.</exception>
    public void Wait(WaitLimit limit)
    {
        while (First() is { } link)
        {
            link.WaitUntilDone(limit);
            End(link, done: true);
            link.Dispose();
        }

        if (_cutOff is { } peer)
            throw BufferException.LinkEnded(peer);
    }

    /// <summary>Gives a link back, whose peer is done or is not waited for any more.</summary>
    public void End(IReleaseLink link, bool done)
    {
        lock (_links)
        {
            _links.Remove(link);
            _reported |= done;
        }
    }

    /// <summary>Ends all links.</summary>
    public void Dispose()
    {
        IReleaseLink[] all;
        lock (_links)
        {
            _ended = true;
            all = [.. _links];
            _links.Clear();
        }

        foreach (var link in all)
        {
            if (!link.IsDone)
                _cutOff = link.Peer;
            link.Dispose();
        }
    }

    private IReleaseLink? First()
    {
        lock (_links)
            return _links.FirstOrDefault();
    }
}
