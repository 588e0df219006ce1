using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <content>The structs of buffers.</content>
internal static unsafe partial class Videodev2
{
    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_requestbuffers
    {
        public uint count;
        public uint type;
        public uint memory;
        public uint capabilities;
        public byte flags;
        public fixed byte reserved[3];
    }

    /// <summary>Where a plane's memory is: which field is valid depends on the kind of memory.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct v4l2_plane_m
    {
        [FieldOffset(0)]
        public uint mem_offset;
        [FieldOffset(0)]
        public nuint userptr;
        [FieldOffset(0)]
        public int fd;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_plane
    {
        public uint bytesused;
        public uint length;
        public v4l2_plane_m m;
        public uint data_offset;
        public fixed uint reserved[11];
    }

    /// <summary>struct timeval of a kernel whose time is 64 bits wide.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct timeval
    {
        public long tv_sec;
        public long tv_usec;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_timecode
    {
        public uint type;
        public uint flags;
        public byte frames;
        public byte seconds;
        public byte minutes;
        public byte hours;
        public fixed byte userbits[4];
    }

    /// <summary>Where a buffer's memory is, or its planes are.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct v4l2_buffer_m
    {
        [FieldOffset(0)]
        public uint offset;
        [FieldOffset(0)]
        public nuint userptr;
        [FieldOffset(0)]
        public v4l2_plane* planes;
        [FieldOffset(0)]
        public int fd;
    }

    /// <summary>With planes, <c>length</c> is their number.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_buffer
    {
        public uint index;
        public uint type;
        public uint bytesused;
        public uint flags;
        public uint field;
        public timeval timestamp;
        public v4l2_timecode timecode;
        public uint sequence;
        public uint memory;
        public v4l2_buffer_m m;
        public uint length;
        public uint reserved2;
        public int request_fd;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_exportbuffer
    {
        public uint type;
        public uint index;
        public uint plane;
        public uint flags;
        public int fd;
        public fixed uint reserved[11];
    }
}
