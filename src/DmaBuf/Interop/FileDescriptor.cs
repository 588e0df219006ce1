using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>
/// A file descriptor that this process owns: closed exactly once, never while a call or a poll uses it. Disposing it
/// wakes every poll that uses it.
/// </summary>
internal sealed partial class FileDescriptor : SafeHandle
{
    private readonly Lock _lock = new();
    private List<FileDescriptor>? _wakes;
    private volatile bool _isDisposed;

    public FileDescriptor()
        : base(-1, ownsHandle: true)
    {
    }

    public FileDescriptor(int fd)
        : this() => SetHandle(fd);

    public override bool IsInvalid => handle == -1;

    /// <summary>True once it is disposed, even while a call or a poll keeps it open.</summary>
    public bool IsDisposed => _isDisposed;

    /// <summary>The descriptor's number, or -1.</summary>
    public int Number => (int)handle;

    /// <summary>Signals an eventfd when this descriptor is disposed, until <see cref="RemoveWake"/>.</summary>
    public void AddWake(FileDescriptor eventFd)
    {
        lock (_lock)
            (_wakes ??= []).Add(eventFd);
    }

    /// <summary>Undoes <see cref="AddWake"/>: the eventfd is no longer signalled.</summary>
    public void RemoveWake(FileDescriptor eventFd)
    {
        lock (_lock)
            _wakes?.Remove(eventFd);
    }

    /// <summary>Ends every wait that uses this descriptor, as if it had an event.</summary>
    public void Wake()
    {
        lock (_lock)
            _wakes?.ForEach(Poll.Signal);
    }

    protected override void Dispose(bool disposing)
    {
        _isDisposed = true;
        base.Dispose(disposing);
        if (disposing)
            Wake();
    }

    protected override bool ReleaseHandle()
    {
        KernelTrace.Write($"close({Number})");
        return close(Number) == 0;
    }

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
