using System.Globalization;
using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Tracing;

namespace DmaBuf.Peer;

/// <summary>The sample content of the hand-off programs: ranges that each start with a line of text.</summary>
internal static class Sample
{
    public const int RangeCount = 4;
    public const int RangeSize = 4 * 4096;

    private static string s_firstLine = "";

    /// <summary>Writes the line of each range.</summary>
    public static void Fill(DmaBuffer buffer)
    {
        var seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        s_firstLine = Line(0);
        for (var i = 0; i < RangeCount; i++)
            WriteLine(buffer, Line(i), i * RangeSize);

        string Line(int range) => string.Create(
            CultureInfo.InvariantCulture, $"range[{range}] {RangeSize} bytes created at {seconds}s");
    }

    /// <summary>Writes a line of text, with the NUL that ends it.</summary>
    public static void WriteLine(DmaBuffer buffer, string text, long offset = 0) =>
        new ContentWriter(buffer, offset).Write(Encoding.UTF8.GetBytes(text + "\n\0"));

    /// <summary>Prints the first range's text if the peer has changed it.</summary>
    public static void PrintReply(DmaBuffer buffer)
    {
        var text = new ContentReader(buffer, 0, RangeSize).ToText(Encoding.UTF8).TrimEnd('\n');
        if (text != s_firstLine)
            Console.WriteLine($"came back: {VisibleText.OfLines(text)}");
    }

    /// <summary>Prints the text found at the start of each range.</summary>
    public static void Print(DmaBuffer buffer)
    {
        for (long offset = 0; offset < buffer.Size; offset += RangeSize)
        {
            var range = new ContentReader(buffer, offset, Math.Min(RangeSize, buffer.Size - offset));
            Console.Out.Write(VisibleText.OfLines(range.ToText(Encoding.ASCII)));
        }
    }

    /// <summary>Prints a guest's pages.</summary>
    public static void Print(GuestPages pages)
    {
        Console.WriteLine($"ranges={pages.Ranges.Count}");
        for (var i = 0; i < pages.Ranges.Count; i++)
            Console.WriteLine($"ranges[{i}] = {pages.Ranges[i]}");
    }

    /// <summary>Prints references in the format of the hand-off programs.</summary>
    public static void Print(GrantRefs grants)
    {
        Console.WriteLine($"num_refs={grants.Count}");
        for (var i = 0; i < grants.Count; i++)
            Console.WriteLine($"refs[{i}] = {grants.Refs[i]:x}");
    }
}
