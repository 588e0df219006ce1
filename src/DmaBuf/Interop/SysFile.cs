using System.Globalization;

namespace DmaBuf.Interop;

/// <summary>Small files of /proc and /sys, any of which may be missing or denied.</summary>
internal static class SysFile
{
    /// <summary>The file's text without the white space around it, or null where it cannot be read.</summary>
    public static string? Read(string path) => ReadText(path)?.Trim();

    /// <summary>The file's text, or null where it cannot be read.</summary>
    public static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The file's number, or null where it cannot be read or is not a number.</summary>
    public static long? ReadNumber(string path) =>
        long.TryParse(Read(path), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The value of a /proc/meminfo line that counts kB, in bytes; null where there is no such line.</summary>
    public static long? ReadMeminfo(string name)
    {
        var prefix = name + ":";
        var lines = ReadLines("/proc/meminfo");
        var found = lines.FirstOrDefault(line => line.StartsWith(prefix, StringComparison.Ordinal));
        return found is null
            ? null
            : long.Parse(found[prefix.Length..].Trim().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>The file's lines; none where it cannot be read.</summary>
    public static string[] ReadLines(string path) => Read(path)?.Split('\n') ?? [];
}
