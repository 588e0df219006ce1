namespace DmaBuf.Frames;

/// <summary>What a stream of frames did, until now or in the end.</summary>
public sealed record StreamSummary
{
    /// <summary>Size, pixel format and buffers.</summary>
    public required StreamFormat Format { get; init; }

    /// <summary>The peer: the address, and who is at the other end.</summary>
    public required string Peer { get; init; }

    /// <summary>How the frames reach the receiver.</summary>
    public required FrameTransfer Transfer { get; init; }

    /// <summary>The memory that a camera captures into; null for other sources and for receivers.</summary>
    public string? Memory { get; init; }

    /// <summary>The frames that were sent, or received.</summary>
    public long Frames { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>The time from the first frame to the last.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Frames a second.</summary>
    public double FrameRate => Frames > 1 && Elapsed > TimeSpan.Zero ? (Frames - 1) / Elapsed.TotalSeconds : 0;

    /// <summary>Frames that were lost before they could be sent; for a receiver, the gaps in their numbers.</summary>
    public long Dropped { get; init; }

    /// <summary>Frames that the camera reported as damaged; they are not sent.</summary>
    public long Damaged { get; init; }

    /// <summary>Frames whose ack did not come in time.</summary>
    public long LateAcks { get; init; }

    /// <summary>Frames whose buffer was filled again although no ack had come.</summary>
    public long Overwritten { get; init; }

    /// <summary>Acks that match no pending frame, such as late ones of overwritten frames.</summary>
    public long StrayAcks { get; init; }

    /// <summary>Frames that had to be copied once into memory that the peer can map.</summary>
    public long Copied { get; init; }

    /// <summary>Frames, rate and losses, in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Frames} frames of {Format} in {Elapsed.TotalSeconds:0.0} s, {FrameRate:0.0}/s, {Dropped} dropped");
}
