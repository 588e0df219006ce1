namespace DmaBuf.Guests;

/// <summary>Neighbouring page frames of a guest's physical memory.</summary>
/// <param name="First">The first frame's number: its guest physical address divided by the page size.</param>
/// <param name="Count">How many frames there are; at least 1.</param>
public readonly record struct FrameRange(ulong First, ulong Count)
{
    /// <summary>The first and the last frame, as messages show them.</summary>
    public override string ToString() => Count == 1 ? $"0x{First:x}" : $"0x{First:x}-0x{First + Count - 1:x}";
}
