using System.Runtime.InteropServices;

namespace DmaBuf.Guests;

/// <summary>
/// The messages of QEMU's vhost-user protocol (docs/interop/vhost-user.rst), with the names it has there. All integers
/// are in the machine's byte order.
/// </summary>
internal static class VhostUser
{
    /// <summary>The bytes of a message before its payload.</summary>
    public const int HeaderSize = 12;

    /// <summary>
    /// The longest payload that is taken: the largest known ones are a configuration and a table, of 268 and 264 bytes.
    /// </summary>
    public const int MostPayload = 512;

    /// <summary>
    /// VHOST_MEMORY_BASELINE_NREGIONS: how many regions, and so descriptors, one message has at most.
    /// </summary>
    public const int MostRegionsAtOnce = 8;

    /// <summary>The bytes of a memory region description.</summary>
    public const int RegionSize = 32;

    /// <summary>The bytes of a configuration before its content: offset, size and flags.</summary>
    public const int ConfigHeadSize = 12;

    public const uint VERSION = 0x1;
    public const uint VERSION_MASK = 0x3;
    public const uint REPLY_MASK = 0x4;
    public const uint NEED_REPLY_MASK = 0x8;

    public const ulong VHOST_USER_F_PROTOCOL_FEATURES = 1UL << 30;
    public const ulong VIRTIO_F_VERSION_1 = 1UL << 32;

    public const ulong VHOST_USER_PROTOCOL_F_MQ = 1UL << 0;
    public const ulong VHOST_USER_PROTOCOL_F_REPLY_ACK = 1UL << 3;
    public const ulong VHOST_USER_PROTOCOL_F_CONFIG = 1UL << 9;
    public const ulong VHOST_USER_PROTOCOL_F_RESET_DEVICE = 1UL << 13;
    public const ulong VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS = 1UL << 15;

    /// <summary>VHOST_USER_VRING_NOFD_MASK: a vring's descriptor is not sent.</summary>
    public const ulong VRING_NOFD_MASK = 0x100;

    /// <summary>Requests of the front end.</summary>
    public enum Request : uint
    {
        GET_FEATURES = 1,
        SET_FEATURES = 2,
        SET_OWNER = 3,
        RESET_OWNER = 4,
        SET_MEM_TABLE = 5,
        SET_VRING_NUM = 8,
        SET_VRING_ADDR = 9,
        SET_VRING_BASE = 10,
        GET_VRING_BASE = 11,
        SET_VRING_KICK = 12,
        SET_VRING_CALL = 13,
        SET_VRING_ERR = 14,
        GET_PROTOCOL_FEATURES = 15,
        SET_PROTOCOL_FEATURES = 16,
        GET_QUEUE_NUM = 17,
        SET_VRING_ENABLE = 18,
        GET_CONFIG = 24,
        SET_CONFIG = 25,
        RESET_DEVICE = 34,
        GET_MAX_MEM_SLOTS = 36,
        ADD_MEM_REG = 37,
        REM_MEM_REG = 38,
    }

    /// <summary>The head of every message.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public Request request;
        public uint flags;
        public uint size;
    }

    /// <summary>A memory region description.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Region
    {
        public ulong guest_address;
        public ulong size;
        public ulong user_address;
        public ulong mmap_offset;
    }

    /// <summary>The head of a table of regions.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Regions
    {
        public uint num_regions;
        public uint padding;
    }

    /// <summary>A vring's index with a number.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct VringState
    {
        public uint index;
        public uint num;
    }

    /// <summary>The head of a device's configuration.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Config
    {
        public uint offset;
        public uint size;
        public uint flags;
    }
}
