using System.Text.RegularExpressions;

namespace DmaBufPS;

/// <summary>Texts in the module's tables. Only DmaBufPS.Format.ps1xml needs it.</summary>
public static class TableText
{
    private const int DefaultScreenWidth = 80;
    private const long Kibi = 1024;
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>A size in the largest unit in which it is a whole number, such as 64 KiB.</summary>
    public static string Size(long bytes)
    {
        var unit = 0;
        while (bytes != 0 && bytes % Kibi == 0 && unit < s_units.Length - 1)
        {
            bytes /= Kibi;
            unit++;
        }

        return $"{bytes} {s_units[unit]}";
    }

    /// <summary>
    /// Breaks a table's last column between words. PowerShell does that only in some languages, and elsewhere breaks
    /// words.
    /// </summary>
    /// <param name="text">The column's text.</param>
    /// <param name="before">The width of the columns before it.</param>
    /// <param name="screenWidth">The screen's width, or null where it is unknown.</param>
    public static string Wrap(string text, int before, int? screenWidth)
    {
        // PowerShell leaves the screen's last column free.
        var width = Math.Max(1, (screenWidth > 0 ? screenWidth.Value : DefaultScreenWidth) - before - 1);
        return Regex.Replace(text, $@"\G(.{{1,{width}}}|\S+)(?: +|$)", "$1\n").TrimEnd('\n');
    }
}
