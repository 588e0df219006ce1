using DmaBuf.Errors;

namespace DmaBuf.Buffers;

/// <summary>
/// A buffer's memory for as long as anything uses it: its backing, its one mapping and its open views. The thread that
/// ends the last use frees it, outside the lock.
/// </summary>
internal sealed class BufferMemory(Backing backing) : IDisposable
{
    private readonly Lock _lock = new();
    private OpenViews _views;
    private Mapping? _mapping;
    private IDisposable? _peer;
    private volatile bool _isFreed;
    private volatile bool _isClosed;
    private volatile bool _isDisposed;

    /// <summary>One for the buffer itself, and one for each use in progress.</summary>
    private int _holds = 1;

    /// <summary>
    /// Counts down to 0, which frees the rest: once after the last use, and once when the owner disposes the buffer.
    /// </summary>
    private int _ends = 2;

    /// <summary>True once no new use can begin.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>True once the owner has disposed it.</summary>
    public bool IsDisposed => _isDisposed;

    /// <summary>True once nothing uses it any more.</summary>
    public bool IsFreed => _isFreed;

    /// <summary>Whether the memory is mapped now.</summary>
    public bool IsMapped
    {
        get
        {
            lock (_lock)
                return _mapping is not null && !_isClosed;
        }
    }

    /// <summary>
    /// Takes over the object that tells the peer that this side is done. It is disposed after everything else, or at
    /// once if the memory is freed already.
    /// </summary>
    public void OwnPeer(IDisposable peer)
    {
        lock (_lock)
        {
            if (!_isFreed)
            {
                _peer = peer;
                return;
            }
        }

        peer.Dispose();
    }

    /// <summary>Holds the memory until <see cref="Release"/>. False once the memory is closed.</summary>
    public bool TryHold()
    {
        lock (_lock)
        {
            if (_isClosed)
                return false;
            _holds++;
            return true;
        }
    }

    /// <summary>Ends a hold that <see cref="TryHold"/> began.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (--_holds > 0)
                return;
        }

        _mapping?.Dispose();
        backing.Close();
        End();
    }

    /// <summary>Opens a view and its bracket. The first view makes the mapping.</summary>
    /// <exception cref="BufferException">Removed, ReadOnly, NotSealed.</exception>
    /// <exception cref="KernelException">mmap, DMA_BUF_IOCTL_SYNC.</exception>
    public (Mapping Mapping, BufferViewId View) OpenView(DmaBuffer buffer, BufferAccess access)
    {
        Mapping mapping;
        BufferViewId view;
        lock (_lock)
        {
            buffer.ThrowIfRemoved();
            mapping = _mapping ??= backing.Map(buffer);
            if (access == BufferAccess.ReadWrite && !mapping.Writable)
            {
                throw new BufferException(BufferFault.ReadOnly, $"{buffer} can only be read.",
                    "Its descriptor was opened for reading, or its seals forbid writing: get one that allows both.");
            }

            view = _views.Open();
            _holds++;
        }

        try
        {
            backing.BeginAccess(access, buffer);
            return (mapping, view);
        }
        catch
        {
            TryEnd(view);
            Release();
            throw;
        }
    }

    /// <summary>Whether the memory is or can be mapped. The mapping is kept for later views.</summary>
    public bool CanMap(DmaBuffer buffer)
    {
        lock (_lock)
        {
            if (_isClosed)
                return false;
            try
            {
                _mapping ??= backing.Map(buffer);
                return true;
            }
            catch (DmaBufException)
            {
                return false;
            }
        }
    }

    /// <summary>Whether a view is open. A view belongs to one thread, so checking it needs no lock.</summary>
    public bool IsViewOpen(BufferViewId view) => _views.IsOpen(view);

    /// <summary>Ends a view and its bracket; does nothing if they have ended already.</summary>
    /// <exception cref="KernelException">DMA_BUF_IOCTL_SYNC.</exception>
    public void EndView(DmaBuffer buffer, BufferAccess access, BufferViewId view)
    {
        if (!TryEnd(view))
            return;
        try
        {
            backing.EndAccess(access, buffer);
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Ends the buffer's own hold. Idempotent.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
        }

        Release();
    }

    /// <summary>Closes the memory and, after the last use, frees the rest. Idempotent.</summary>
    public void Dispose()
    {
        Close();
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        End();
    }

    private bool TryEnd(BufferViewId view)
    {
        lock (_lock)
            return _views.TryEnd(view);
    }

    /// <summary>The peer is told last, because it may then use the pages for something else at once.</summary>
    private void End()
    {
        if (Interlocked.Decrement(ref _ends) > 0)
            return;
        backing.Dispose();
        lock (_lock)
            _isFreed = true;
        _peer?.Dispose();
    }
}
