namespace DmaBuf.Sharing.Channels;

/// <summary>Somebody who uses a buffer's content, or waits for that.</summary>
internal interface IAccessHolder
{
    /// <summary>Called when a request that had to wait is granted.</summary>
    void OnGranted();
}

/// <summary>
/// Who may use a buffer's content: several readers or one writer, in the order in which they asked. One lock covers all
/// channels that a buffer is published on, and this process. For one thread at a time.
/// </summary>
internal sealed class AccessLock
{
    private readonly List<IAccessHolder> _holders = [];
    private readonly List<(IAccessHolder Holder, bool Write)> _waiting = [];
    private bool _isWriting;

    /// <summary>Those who use the content now.</summary>
    public IReadOnlyList<IAccessHolder> Holders => _holders;

    /// <summary>Whether this one uses the content now.</summary>
    public bool IsHeldBy(IAccessHolder holder) => _holders.Contains(holder);

    /// <summary>Asks for access; a holder asks once.</summary>
    /// <returns>Whether it is granted now. If not, <see cref="IAccessHolder.OnGranted"/> follows.</returns>
    public bool Request(IAccessHolder holder, bool write)
    {
        if (_waiting.Count > 0 || !IsFree(write))
        {
            _waiting.Add((holder, write));
            return false;
        }

        Grant(holder, write);
        return true;
    }

    /// <summary>Ends an access, or the wait for one. Does nothing for one who has neither.</summary>
    public void Release(IAccessHolder holder)
    {
        if (_holders.Remove(holder))
            _isWriting = false;
        else
            Forget(holder);
        while (_waiting.Count > 0 && IsFree(_waiting[0].Write))
        {
            var (next, write) = _waiting[0];
            _waiting.RemoveAt(0);
            Grant(next, write);
            next.OnGranted();
        }
    }

    private bool IsFree(bool write) => !_isWriting && (!write || _holders.Count == 0);

    private void Grant(IAccessHolder holder, bool write)
    {
        _holders.Add(holder);
        _isWriting = write;
    }

    private void Forget(IAccessHolder holder)
    {
        for (var i = 0; i < _waiting.Count; i++)
        {
            if (_waiting[i].Holder == holder)
            {
                _waiting.RemoveAt(i);
                return;
            }
        }
    }
}
