using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>Colour bars that move to the left, for machines without a camera.</summary>
public sealed class TestPatternSource : TimedSource
{
    /// <summary>How far the bars move with each frame, in pixels.</summary>
    internal const int Step = 4;

    private readonly IReadOnlyList<PatternPlane> _planes;
    private readonly ulong _period;

    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="format">The pixel format.</param>
    /// <param name="frameRate">Frames a second; 0 for as many as the receiver takes.</param>
    /// <param name="bufferCount">The number of buffers.</param>
    /// <param name="allocate">Makes the buffers, by their size in bytes.</param>
    /// <exception cref="PictureException">There is no picture of this format or size.</exception>
    public TestPatternSource(
        int width, int height, FourCC format, double frameRate, int bufferCount, Func<long, DmaBuffer> allocate)
        : this(
            TestPattern.Layout(width, height, format),
            new(width, height, format, 0, bufferCount),
            frameRate,
            allocate)
    {
    }

    private TestPatternSource(
        (IReadOnlyList<PatternPlane> Planes, int Size) layout,
        StreamFormat format,
        double frameRate,
        Func<long, DmaBuffer> allocate)
        : base(format with { SizeImage = layout.Size }, frameRate, allocate)
    {
        _planes = layout.Planes;
        _period = (ulong)TestPattern.Period(format.Width);
    }

    /// <inheritdoc/>
    public override string Name => "the test pattern";

    /// <inheritdoc/>
    private protected override bool TryFill(DmaBuffer buffer, ulong number)
    {
        using var view = buffer.OpenView(BufferAccess.ReadWrite);
        var shift = (int)(number * Step % _period);
        for (var i = 0; i < _planes.Count; i++)
            _planes[i].Draw(view, shift);
        return true;
    }
}
