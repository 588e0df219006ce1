namespace DmaBuf.Frames;

/// <summary>A frame rate that a device has, or a range of them (struct v4l2_frmivalenum).</summary>
/// <param name="Min">The frames per second, or the fewest.</param>
/// <param name="Max">The most frames per second.</param>
public readonly record struct FrameRateRange(double Min, double Max)
{
    /// <summary>The rate, such as <c>29.97</c>, or the range.</summary>
    public override string ToString() => Min == Max ? $"{Min:0.##}" : $"{Min:0.##} to {Max:0.##}";
}
