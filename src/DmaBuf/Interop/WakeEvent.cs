namespace DmaBuf.Interop;

/// <summary>An eventfd that ends a poll. Resetting one that nobody has set makes no system call.</summary>
internal sealed class WakeEvent : IDisposable
{
    private volatile bool _isSet;

    private WakeEvent(FileDescriptor descriptor) => Descriptor = descriptor;

    /// <summary>The eventfd, which is readable while it is set.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Creates one that is not set.</summary>
    /// <returns>Null with the error number in <see cref="Errno.Last"/>: EMFILE, ENFILE.</returns>
    public static WakeEvent? Create() => Poll.CreateEvent() is { } descriptor ? new WakeEvent(descriptor) : null;

    /// <summary>Ends polls until it is reset.</summary>
    public void Set()
    {
        _isSet = true;
        Poll.Signal(Descriptor);
    }

    /// <summary>Resets it if it was set.</summary>
    public void ResetIfSet()
    {
        if (_isSet)
            Reset();
    }

    /// <summary>
    /// Resets it. A poll that found it readable calls this, because another thread may still be in Set.
    /// </summary>
    public void Reset()
    {
        _isSet = false;
        Poll.Reset(Descriptor);
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();
}
