using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>sys/sysinfo.h: the free memory, in one call.</summary>
internal static unsafe partial class Sysinfo
{
    /// <summary>struct sysinfo of linux/sysinfo.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct sysinfo
    {
        public nint uptime;
        public nuint load1;
        public nuint load5;
        public nuint load15;
        public nuint totalram;
        public nuint freeram;
        public nuint sharedram;
        public nuint bufferram;
        public nuint totalswap;
        public nuint freeswap;
        public ushort procs;
        public ushort pad;
        public nuint totalhigh;
        public nuint freehigh;
        public uint mem_unit;
    }

    /// <summary>
    /// Unused bytes; MemAvailable of /proc/meminfo also counts what the kernel could reclaim.
    /// </summary>
    public static long FreeRam
    {
        get
        {
            sysinfo info;
            return Call(&info) == 0 ? (long)((ulong)info.freeram * info.mem_unit) : 0;
        }
    }

    [LibraryImport("libc", EntryPoint = "sysinfo", SetLastError = true)]
    private static partial int Call(sysinfo* info);
}
