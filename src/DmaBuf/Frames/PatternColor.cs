namespace DmaBuf.Frames;

/// <summary>A colour as RGB, and as luma and chroma (BT.601, limited range).</summary>
internal readonly record struct PatternColor(byte R, byte G, byte B)
{
    /// <summary>Luma, 16 to 235.</summary>
    public byte Y => Byte(16 + (Luma * 219 / 255));

    /// <summary>Blue-difference chroma, 16 to 240.</summary>
    public byte U => Byte(128 + ((B - Luma) / 1.772 * 224 / 255));

    /// <summary>Red-difference chroma, 16 to 240.</summary>
    public byte V => Byte(128 + ((R - Luma) / 1.402 * 224 / 255));

    private double Luma => (0.299 * R) + (0.587 * G) + (0.114 * B);

    private static byte Byte(double value) => (byte)Math.Round(value);
}
