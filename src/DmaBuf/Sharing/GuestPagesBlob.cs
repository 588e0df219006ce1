using System.Buffers.Binary;
using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// A guest's pages on a stream, all little-endian: the magic number <c>DMAG</c>, a 32-bit version, the 64-bit size in
/// bytes, 32 bits each for the page size and the number of ranges; then for each range its first frame and its number
/// of frames, of 64 bits each.
/// </summary>
public static class GuestPagesBlob
{
    private const uint Magic = 0x47414d44;
    private const uint Version = 1;
    private const int HeadSize = 24;
    private const int RangeSize = 16;

    /// <summary>The most ranges of a message: 256 MiB even where no two pages are neighbours.</summary>
    private const int MostRanges = 65536;

    private const string Advice =
        "It does not speak this protocol (pages of a KVM guest), or it failed: look at its own messages.";

    /// <summary>Sends pages.</summary>
    /// <exception cref="GuestException">TooManyRanges.</exception>
    /// <exception cref="KernelException">send: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public static void Send(ByteStream peer, GuestPages pages, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(pages);
        if (pages.RangeCount > MostRanges)
        {
            throw new GuestException(
                GuestFault.TooManyRanges,
                $"{pages}: a message holds at most {MostRanges} ranges.",
                "Make the buffer of huge pages, which are few ranges.");
        }

        peer.Send(ToBytes(pages), limit);
    }

    /// <summary>
    /// Receives pages. Everything that can be checked without the guest's memory is checked before it is allocated.
    /// </summary>
    /// <param name="peer">The connection.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="PeerException">BadMessage, BadCount, ClosedEarly.</exception>
    /// <exception cref="GuestException">BadPages, FrameTwice.</exception>
    /// <exception cref="KernelException">recv: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Not everything arrived in time.</exception>
    public static GuestPages Receive(ByteStream peer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peer);
        Span<byte> head = stackalloc byte[HeadSize];
        Fill(peer, head, limit);
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != Magic)
            throw Bad(peer, PeerFault.BadMessage, "sent something other than pages of a guest");
        var version = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
        if (version != Version)
            throw Bad(peer, PeerFault.Incompatible, $"sent pages in version {version}, and this side knows version 1");
        var count = BinaryPrimitives.ReadUInt32LittleEndian(head[20..]);
        if (count is 0 or > MostRanges)
        {
            throw Bad(
                peer, PeerFault.BadCount, $"announced {count} ranges of pages, and a message holds 1 to {MostRanges}");
        }

        var bytes = new byte[count * RangeSize];
        Fill(peer, bytes, limit);
        var pages = new GuestPages
        {
            FrameSize = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(head[16..])),
            Ranges = ReadRanges(bytes),
        };
        pages.Check();
        var size = BinaryPrimitives.ReadUInt64LittleEndian(head[8..]);
        if (size != (ulong)pages.Size)
        {
            throw Bad(
                peer, PeerFault.BadMessage, $"announced a buffer of {size} bytes, and its pages have {pages.Size}");
        }

        return pages;
    }

    /// <summary>The message, as <see cref="Send"/> sends it.</summary>
    internal static byte[] ToBytes(GuestPages pages)
    {
        var bytes = new byte[HeadSize + pages.Ranges.Count * RangeSize];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), (ulong)pages.Size);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), (uint)pages.FrameSize);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), (uint)pages.Ranges.Count);
        var at = HeadSize;
        foreach (var (first, count) in pages.Ranges)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), first);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at + sizeof(ulong)), count);
            at += RangeSize;
        }

        return bytes;
    }

    private static FrameRange[] ReadRanges(ReadOnlySpan<byte> bytes)
    {
        var ranges = new FrameRange[bytes.Length / RangeSize];
        for (var i = 0; i < ranges.Length; i++)
        {
            var range = bytes.Slice(i * RangeSize, RangeSize);
            ranges[i] = new FrameRange(
                BinaryPrimitives.ReadUInt64LittleEndian(range),
                BinaryPrimitives.ReadUInt64LittleEndian(range[sizeof(ulong)..]));
        }

        return ranges;
    }

    private static void Fill(ByteStream peer, Span<byte> bytes, WaitLimit limit)
    {
        if (peer.ReceiveAll(bytes, limit) is > 0 and var missing)
        {
            throw Bad(
                peer, PeerFault.ClosedEarly, $"closed the connection {missing} bytes before the end of its pages");
        }
    }

    private static PeerException Bad(ByteStream peer, PeerFault fault, string what) =>
        new(fault, peer.Peer, what, Advice);
}
