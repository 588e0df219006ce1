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
    private List<WakeEvent>? _wakes;
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

    /// <summary>Sets an event when this descriptor is disposed, until <see cref="RemoveWake"/>.</summary>
    public void AddWake(WakeEvent wake)
    {
        lock (_lock)
            (_wakes ??= []).Add(wake);
    }

    /// <summary>Undoes <see cref="AddWake"/>.</summary>
    public void RemoveWake(WakeEvent wake)
    {
        lock (_lock)
            _wakes?.Remove(wake);
    }

    /// <summary>Ends every wait that uses this descriptor, as if it had an event.</summary>
    public void Wake()
    {
        lock (_lock)
            _wakes?.ForEach(wake => wake.Set());
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
