using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <content>The structs that describe a device, its inputs and its formats.</content>
internal static unsafe partial class Videodev2
{
    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_capability
    {
        public fixed byte driver[16];
        public fixed byte card[32];
        public fixed byte bus_info[32];
        public uint version;
        public uint capabilities;
        public uint device_caps;
        public fixed uint reserved[3];

        /// <summary>The driver's name.</summary>
        public readonly string Driver
        {
            get
            {
                fixed (byte* text = driver)
                    return Text(new ReadOnlySpan<byte>(text, 16));
            }
        }

        /// <summary>The device's name.</summary>
        public readonly string Card
        {
            get
            {
                fixed (byte* text = card)
                    return Text(new ReadOnlySpan<byte>(text, 32));
            }
        }

        /// <summary>Where it is attached.</summary>
        public readonly string Bus
        {
            get
            {
                fixed (byte* text = bus_info)
                    return Text(new ReadOnlySpan<byte>(text, 32));
            }
        }

        /// <summary>What this device file can do, which is less than all files of the device together.</summary>
        public readonly uint Own => (capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? device_caps : capabilities;

        /// <summary>Whether it has the multi-planar interface for captures.</summary>
        public readonly bool CapturesPlanes => (Own & V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0;

        /// <summary>Whether it captures video.</summary>
        public readonly bool Captures => (Own & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE)) != 0;

        /// <summary>The type of its buffers for captures.</summary>
        public readonly uint CaptureType =>
            CapturesPlanes ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_fmtdesc
    {
        public uint index;
        public uint type;
        public uint flags;
        public fixed byte description[32];
        public uint pixelformat;
        public uint mbus_code;
        public fixed uint reserved[3];

        /// <summary>The format's name.</summary>
        public readonly string Description
        {
            get
            {
                fixed (byte* text = description)
                    return Text(new ReadOnlySpan<byte>(text, 32));
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_frmsize_discrete
    {
        public uint width;
        public uint height;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_frmsize_stepwise
    {
        public uint min_width;
        public uint max_width;
        public uint step_width;
        public uint min_height;
        public uint max_height;
        public uint step_height;
    }

    [StructLayout(LayoutKind.Explicit, Size = 44)]
    public struct v4l2_frmsizeenum
    {
        [FieldOffset(0)]
        public uint index;
        [FieldOffset(4)]
        public uint pixel_format;
        [FieldOffset(8)]
        public uint type;
        [FieldOffset(12)]
        public v4l2_frmsize_discrete discrete;
        [FieldOffset(12)]
        public v4l2_frmsize_stepwise stepwise;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_fract
    {
        public uint numerator;
        public uint denominator;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_frmival_stepwise
    {
        public v4l2_fract min;
        public v4l2_fract max;
        public v4l2_fract step;
    }

    [StructLayout(LayoutKind.Explicit, Size = 52)]
    public struct v4l2_frmivalenum
    {
        [FieldOffset(0)]
        public uint index;
        [FieldOffset(4)]
        public uint pixel_format;
        [FieldOffset(8)]
        public uint width;
        [FieldOffset(12)]
        public uint height;
        [FieldOffset(16)]
        public uint type;
        [FieldOffset(20)]
        public v4l2_fract discrete;
        [FieldOffset(20)]
        public v4l2_frmival_stepwise stepwise;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_input
    {
        public uint index;
        public fixed byte name[32];
        public uint type;
        public uint audioset;
        public uint tuner;
        public ulong std;
        public uint status;
        public uint capabilities;
        public fixed uint reserved[3];

        /// <summary>The input's name.</summary>
        public readonly string Name
        {
            get
            {
                fixed (byte* text = name)
                    return Text(new ReadOnlySpan<byte>(text, 32));
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_pix_format
    {
        public uint width;
        public uint height;
        public uint pixelformat;
        public uint field;
        public uint bytesperline;
        public uint sizeimage;
        public uint colorspace;
        public uint priv;
        public uint flags;
        public uint ycbcr_enc;
        public uint quantization;
        public uint xfer_func;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct v4l2_plane_pix_format
    {
        public uint sizeimage;
        public uint bytesperline;
        public fixed ushort reserved[6];
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct v4l2_pix_format_mplane
    {
        public uint width;
        public uint height;
        public uint pixelformat;
        public uint field;
        public uint colorspace;
        public fixed byte plane_fmt[VIDEO_MAX_PLANES * 20];
        public byte num_planes;
        public byte flags;
        public byte ycbcr_enc;
        public byte quantization;
        public byte xfer_func;
        public fixed byte reserved[7];

        /// <summary>A plane's entry in <see cref="plane_fmt"/>.</summary>
        [UnscopedRef]
        public ref v4l2_plane_pix_format Plane(int index) =>
            ref Unsafe.As<byte, v4l2_plane_pix_format>(ref plane_fmt[index * sizeof(v4l2_plane_pix_format)]);
    }

    /// <summary>Width, height and pixel format come first in both forms.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 200)]
    public struct v4l2_format_fmt
    {
        [FieldOffset(0)]
        public v4l2_pix_format pix;
        [FieldOffset(0)]
        public v4l2_pix_format_mplane pix_mp;

        /// <summary>Makes the union begin at a multiple of 8, as C's does, which has forms with pointers.</summary>
        [FieldOffset(0)]
        public ulong raw_data;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_format
    {
        public uint type;
        public v4l2_format_fmt fmt;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_captureparm
    {
        public uint capability;
        public uint capturemode;
        public v4l2_fract timeperframe;
        public uint extendedmode;
        public uint readbuffers;
        public fixed uint reserved[4];
    }

    [StructLayout(LayoutKind.Explicit, Size = 200)]
    public struct v4l2_streamparm_parm
    {
        [FieldOffset(0)]
        public v4l2_captureparm capture;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct v4l2_streamparm
    {
        public uint type;
        public v4l2_streamparm_parm parm;
    }
}
