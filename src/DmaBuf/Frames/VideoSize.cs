namespace DmaBuf.Frames;

/// <summary>A frame size that a device has, or a range of them (struct v4l2_frmsizeenum).</summary>
/// <param name="Width">The width, or the smallest one.</param>
/// <param name="Height">The height, or the smallest one.</param>
/// <param name="MaxWidth">The largest width.</param>
/// <param name="MaxHeight">The largest height.</param>
/// <param name="StepWidth">From one width to the next; 0 for a single size.</param>
/// <param name="StepHeight">From one height to the next; 0 for a single size.</param>
/// <param name="FrameRates">The frame rates, for a range those of its largest size; none where none are listed.</param>
public sealed record VideoSize(
    int Width,
    int Height,
    int MaxWidth,
    int MaxHeight,
    int StepWidth,
    int StepHeight,
    IReadOnlyList<FrameRateRange> FrameRates)
{
    /// <summary>Whether this is a range of sizes.</summary>
    public bool IsRange => StepWidth != 0 || StepHeight != 0;

    /// <summary>The size, such as <c>640x480</c>, or the range.</summary>
    public override string ToString()
    {
        var step = (StepWidth, StepHeight) == (1, 1) ? "" : $" by {StepWidth}x{StepHeight}";
        return IsRange ? $"{Width}x{Height} to {MaxWidth}x{MaxHeight}{step}" : $"{Width}x{Height}";
    }
}
