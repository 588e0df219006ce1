using System.Runtime.InteropServices;
using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>
/// A BPF map. Its mmap fails with ENOTSUPP, as that of some drivers' dma-bufs does: an errno internal to the kernel,
/// which few calls return.
/// </summary>
internal static partial class BpfMap
{
    private const int BPF_MAP_CREATE = 0;
    private const uint BPF_MAP_TYPE_HASH = 1;

    public static FileDescriptor Create()
    {
        Requires.Root();
        var attributes = new MapCreate { map_type = BPF_MAP_TYPE_HASH, key_size = 4, value_size = 4, max_entries = 1 };
        var number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 321 : 280;
        var fd = (int)syscall(number, BPF_MAP_CREATE, ref attributes, Marshal.SizeOf<MapCreate>());
        Assert.SkipUnless(fd >= 0, $"needs bpf(2): {Marshal.GetLastPInvokeErrorMessage()}");
        return new FileDescriptor(fd);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial long syscall(long number, int command, ref MapCreate attributes, int size);

    /// <summary>The first members of union bpf_attr in linux/bpf.h.</summary>
    private struct MapCreate
    {
        public uint map_type;
        public uint key_size;
        public uint value_size;
        public uint max_entries;
        public uint map_flags;
    }
}
