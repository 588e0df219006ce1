using System.Globalization;
using DmaBuf.Interop;

namespace DmaBuf.Sharing;

/// <summary>
/// Identifies a process, so that a later one with the same id is not mistaken for it: PID STARTTIME NAMESPACE, as in
/// proc(5).
/// </summary>
internal static class ProcessMark
{
    private static readonly string s_namespace = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "pid:[?]";

    /// <summary>This process.</summary>
    public static string Own { get; } = $"{Environment.ProcessId} {StartTime(Environment.ProcessId)} {s_namespace}";

    /// <summary>
    /// Whether the process that a mark begins with is still running; false for anything but a mark. A process of
    /// another PID namespace cannot be looked up, and counts as running.
    /// </summary>
    public static bool IsAlive(string? mark)
    {
        var parts = mark?.Split(' ') ?? [];
        if (parts.Length < 3 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return false;
        return parts[2] != s_namespace || StartTime(id) == parts[1];
    }

    /// <summary>Field 22 of /proc/PID/stat. The command's name in field 2 can contain spaces and parentheses.</summary>
    private static string? StartTime(int id)
    {
        const int FieldAfterName = 19;
        var stat = SysFile.Read($"/proc/{id}/stat");
        return stat?[(stat.LastIndexOf(')') + 2)..].Split(' ').ElementAtOrDefault(FieldAfterName);
    }
}
