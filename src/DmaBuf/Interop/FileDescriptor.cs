using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>A file descriptor that this process owns: closed exactly once, never while a call is using it.</summary>
internal sealed partial class FileDescriptor : SafeHandle
{
    public FileDescriptor()
        : base(-1, ownsHandle: true)
    {
    }

    public FileDescriptor(int fd)
        : this() => SetHandle(fd);

    public override bool IsInvalid => handle == -1;

    /// <summary>The descriptor's number, or -1.</summary>
    public int Number => (int)handle;

    protected override bool ReleaseHandle()
    {
        KernelTrace.Write($"close({Number})");
        return close(Number) == 0;
    }

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
