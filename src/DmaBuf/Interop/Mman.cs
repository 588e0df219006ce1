using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>sys/mman.h: memfds and shared mappings.</summary>
internal static unsafe partial class Mman
{
    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;

    private const int MAP_SHARED = 1;
    private const int MAP_NORESERVE = 0x4000;
    private const int MAP_POPULATE = 0x8000;

    private const uint MFD_CLOEXEC = 0x0001;
    private const uint MFD_ALLOW_SEALING = 0x0002;
    private const uint MFD_HUGETLB = 0x0004;

    /// <summary>memfd_create(2), sealable. Errors: EMFILE, ENOMEM, EINVAL (a name over 249 bytes).</summary>
    public static FileDescriptor? MemfdCreate(string name, bool hugePages)
    {
        var flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | (hugePages ? MFD_HUGETLB : 0);
        var fd = memfd_create(name, flags);
        KernelTrace.Write($"memfd_create(\"{name}\", 0x{flags:x}) = {Ioctl.Result(fd)}");
        return fd < 0 ? null : new FileDescriptor(fd);
    }

    /// <summary>The name that a memfd was created with, from proc(5); null where it cannot be read.</summary>
    public static string? NameOf(FileDescriptor memfd)
    {
        const string Prefix = "/memfd:";
        const string Suffix = " (deleted)";
        var target = new FileInfo($"/proc/self/fd/{memfd.Number}").LinkTarget;
        return target is not null
            && target.StartsWith(Prefix, StringComparison.Ordinal) && target.EndsWith(Suffix, StringComparison.Ordinal)
            ? target[Prefix.Length..^Suffix.Length]
            : null;
    }

    /// <summary>
    /// mmap(2), shared; with <paramref name="populate"/>, all page table entries are made at once, and no huge pages
    /// are reserved: those that udmabuf has allocated in a memfd would be reserved a second time.
    /// </summary>
    /// <returns>The address, or null with the error number in <see cref="Errno.Last"/>.</returns>
    public static void* Map(FileDescriptor fd, long offset, long length, int protection, bool populate = false)
    {
        var flags = MAP_SHARED | (populate ? MAP_POPULATE | MAP_NORESERVE : 0);
        var address = mmap(null, (nuint)length, protection, flags, fd, (nint)offset);
        var failed = address == -1;
        var more = populate ? "|MAP_POPULATE|MAP_NORESERVE" : "";
        KernelTrace.Write(
            $"mmap({length}, {Protection(protection)}, MAP_SHARED{more}, {fd.Number}, 0x{offset:x})"
            + $" = {Result(address)}");
        return failed ? null : (void*)address;
    }

    /// <summary>munmap(2).</summary>
    public static void Unmap(void* address, long length)
    {
        var result = munmap(address, (nuint)length);
        KernelTrace.Write($"munmap(0x{(nint)address:x}, {length}) = {Ioctl.Result(result)}");
    }

    private static string Result(nint address) => address == -1 ? Ioctl.Result(-1) : $"0x{address:x}";

    private static string Protection(int protection) =>
        (protection & PROT_WRITE) != 0 ? "PROT_READ|PROT_WRITE" : "PROT_READ";

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(
        void* address, nuint length, int protection, int flags, FileDescriptor fd, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);
}
