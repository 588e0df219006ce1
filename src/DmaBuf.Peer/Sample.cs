using System.Globalization;
using System.Text;

namespace DmaBuf.Peer;

/// <summary>The sample content that the hand-off's programs share: ranges that each start with a line of text.</summary>
internal static class Sample
{
    public const int RangeCount = 4;
    public const int RangeSize = 4 * 4096;

    /// <summary>Writes the line of each range.</summary>
    public static void Fill(DmaBuffer buffer)
    {
        var seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        for (var i = 0; i < RangeCount; i++)
        {
            var line = string.Create(CultureInfo.InvariantCulture, $"range[{i}] {RangeSize} bytes created at {seconds}s\n\0");
            new ContentWriter(buffer, i * RangeSize).Write(Encoding.ASCII.GetBytes(line));
        }
    }

    /// <summary>Prints the text found at the start of each range.</summary>
    public static void Print(DmaBuffer buffer)
    {
        for (long offset = 0; offset < buffer.Size; offset += RangeSize)
            Console.Out.Write(new ContentReader(buffer, offset, Math.Min(RangeSize, buffer.Size - offset)).ToText(Encoding.ASCII));
    }

    /// <summary>Prints references as the hand-off's programs do.</summary>
    public static void Print(GrantRefs grants)
    {
        Console.WriteLine($"num_refs={grants.Count}");
        for (var i = 0; i < grants.Count; i++)
            Console.WriteLine($"refs[{i}] = {grants.Refs[i]:x}");
    }
}
