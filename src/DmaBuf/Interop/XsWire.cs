using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>xen/io/xs_wire.h: the messages of xenstore.</summary>
internal static class XsWire
{
    /// <summary>The largest payload of a message, in bytes.</summary>
    public const int XENSTORE_PAYLOAD_MAX = 4096;

    public const uint XS_DIRECTORY = 1;
    public const uint XS_READ = 2;
    public const uint XS_WATCH = 4;
    public const uint XS_WRITE = 11;
    public const uint XS_RM = 13;
    public const uint XS_SET_PERMS = 14;
    public const uint XS_WATCH_EVENT = 15;
    public const uint XS_ERROR = 16;

    /// <summary>The head of each message; <c>len</c> bytes of payload follow it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct xsd_sockmsg
    {
        public uint type;
        public uint req_id;
        public uint tx_id;
        public uint len;
    }
}
