using DmaBuf.Buffers;
using DmaBuf.Guests;

namespace DmaBuf.Frames;

/// <summary>How frames are received.</summary>
public sealed record ReceiveOptions
{
    /// <summary>How many frames to receive; by default all that come.</summary>
    public long FrameCount { get; init; } = long.MaxValue;

    /// <summary>What to take from the sender.</summary>
    public StreamLimits Limits { get; init; } = StreamLimits.Default;

    /// <summary>Makes the buffers that copied frames are received into, by their size in bytes.</summary>
    public Func<long, DmaBuffer> Allocate { get; init; } = FrameMemory.Allocate;

    /// <summary>This domain's id, where pages of another domain are received; otherwise null.</summary>
    public ushort? OwnDomain { get; init; }

    /// <summary>The sender's domain; null for the one that the sender claims to be.</summary>
    public ushort? Domain { get; init; }

    /// <summary>The KVM guest that the sender runs in, where its pages are received; otherwise null.</summary>
    public GuestMemory? Guest { get; init; }
}
