using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>
/// The numbers of the protocol for streams of frames (see docs/video-protocol.md). All integers are big-endian, without
/// padding.
/// </summary>
internal static class VideoWire
{
    /// <summary>"V4LB": begins the hello.</summary>
    public const uint StreamMagic = 0x56344c42;

    /// <summary>"VFRM": begins a frame and an ack.</summary>
    public const uint FrameMagic = 0x5652464d;

    /// <summary>"VHND": begins a handle.</summary>
    public const uint HandleMagic = 0x56484e44;

    /// <summary>The version of the protocol.</summary>
    public const uint Version = 2;

    /// <summary>The bytes of a hello.</summary>
    public const int HelloSize = 28;

    /// <summary>The bytes of a frame's head where the frame's content follows.</summary>
    public const int CopyHeadSize = 40;

    /// <summary>The bytes of a frame where the content stays in the buffer.</summary>
    public const int ZeroCopyHeadSize = 48;

    /// <summary>The bytes of an ack.</summary>
    public const int AckSize = 24;

    /// <summary>The room for references in a handle, which is always sent whole.</summary>
    public const int MaxRefs = 4000;

    /// <summary>The bytes of a handle before its references.</summary>
    public const int HandleHeadSize = 40;

    /// <summary>The bytes of a handle.</summary>
    public const int HandleSize = HandleHeadSize + (MaxRefs * sizeof(uint));

    /// <summary>Flag of a handle: its references are for the receiver to map.</summary>
    public const uint DirectRefs = 1 << 0;

    /// <summary>
    /// Flag of a handle, this project's own: no references; the pages of a KVM guest follow, as
    /// <see cref="Sharing.GuestPagesBlob"/> writes them.
    /// </summary>
    public const uint GuestPages = 1 << 8;

    /// <summary>
    /// Flag of a handle, this project's own: no references; one byte with the buffer's descriptor follows.
    /// </summary>
    public const uint Descriptor = 1 << 9;

    /// <summary>The failure of a peer that breaks the protocol.</summary>
    public static PeerException Bad(string peer, string what) => new(PeerFault.BadMessage, peer, what,
        "It does not speak this protocol for frames, or it failed: look at its own messages.");
}
