using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>xen/io/xs_wire.h: the messages of xenstore.</summary>
internal static class XsWire
{
    /// <summary>The largest payload of a message, in bytes.</summary>
    public const int XENSTORE_PAYLOAD_MAX = 4096;

    /// <summary>The type of a message.</summary>
    public enum xsd_sockmsg_type : uint
    {
        XS_DIRECTORY = 1,
        XS_READ = 2,
        XS_WATCH = 4,
        XS_TRANSACTION_START = 6,
        XS_TRANSACTION_END = 7,
        XS_WRITE = 11,
        XS_MKDIR = 12,
        XS_RM = 13,
        XS_SET_PERMS = 14,
        XS_WATCH_EVENT = 15,
        XS_ERROR = 16,
    }

    /// <summary>The head of each message; <c>len</c> bytes of payload follow it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct xsd_sockmsg
    {
        public xsd_sockmsg_type type;
        public uint req_id;
        public uint tx_id;
        public uint len;
    }
}
