using System.Buffers.Binary;

namespace DmaBuf.Frames;

/// <summary>A frame's time as it is sent: u64 seconds and u64 microseconds, as in a struct timeval.</summary>
internal readonly record struct VideoTime(ulong Seconds, ulong Microseconds)
{
    /// <summary>The bytes of both.</summary>
    public const int Size = 16;

    /// <summary>The time to send for a frame.</summary>
    public static VideoTime Of(TimeSpan time) => new(
        (ulong)(time.Ticks / TimeSpan.TicksPerSecond),
        (ulong)(time.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond));

    /// <summary>The time, or zero where a peer's numbers are none.</summary>
    public TimeSpan ToTimeSpan() => Seconds < uint.MaxValue && Microseconds < 1_000_000
        ? new TimeSpan(((long)Seconds * TimeSpan.TicksPerSecond) + ((long)Microseconds * TimeSpan.TicksPerMicrosecond))
        : TimeSpan.Zero;

    /// <summary>Writes <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Seconds);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Microseconds);
    }

    /// <summary>Reads <see cref="Size"/> bytes.</summary>
    public static VideoTime Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
}
