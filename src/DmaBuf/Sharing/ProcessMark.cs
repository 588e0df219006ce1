using System.Globalization;
using DmaBuf.Interop;

namespace DmaBuf.Sharing;

/// <summary>Names a process so that a later one with the same id is not taken for it: PID STARTTIME, as proc(5) has them.</summary>
internal static class ProcessMark
{
    /// <summary>This process.</summary>
    public static string Own { get; } = $"{Environment.ProcessId} {StartTime(Environment.ProcessId)}";

    /// <summary>Whether the process that a mark starts with still runs. What is no mark names no process.</summary>
    public static bool IsAlive(string? mark)
    {
        var parts = mark?.Split(' ') ?? [];
        return parts.Length >= 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && StartTime(id) == parts[1];
    }

    /// <summary>Field 22 of /proc/PID/stat. The command's name in field 2 can hold spaces and brackets.</summary>
    private static string? StartTime(int id)
    {
        const int FieldsToIt = 19;
        var stat = SysFile.Read($"/proc/{id}/stat");
        return stat?[(stat.LastIndexOf(')') + 2)..].Split(' ').ElementAtOrDefault(FieldsToIt);
    }
}
