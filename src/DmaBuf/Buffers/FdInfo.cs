using System.Globalization;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>What /proc/PID/fdinfo/N says about a dma-buf (dma_buf_show_fdinfo in drivers/dma-buf/dma-buf.c).</summary>
/// <param name="Inode">
/// The line <c>ino</c>; on kernels before 5.14, which have no such line, the descriptor's own inode.
/// </param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Exporter">The line <c>exp_name</c>.</param>
/// <param name="Name">Everything after <c>name</c>, or null where no name is set.</param>
internal sealed record FdInfo(ulong Inode, long Size, string Exporter, string? Name)
{
    /// <summary>
    /// Reads the entry of one descriptor of a process; null where it is gone, denied or not a dma-buf.
    /// </summary>
    /// <param name="process">The process's folder, such as <c>/proc/self</c>.</param>
    /// <param name="fd">The descriptor's number.</param>
    public static FdInfo? Read(string process, int fd)
    {
        ulong inode = 0;
        long size = 0;
        string? exporter = null;

        // The name comes last and may contain line breaks, so everything after it belongs to it.
        var parts = (SysFile.ReadText($"{process}/fdinfo/{fd}") ?? "").Split("\nname:\t", 2);
        foreach (var line in parts[0].Split('\n'))
        {
            var value = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            if (line.StartsWith("ino:", StringComparison.Ordinal))
                _ = ulong.TryParse(value, CultureInfo.InvariantCulture, out inode);
            else if (line.StartsWith("size:", StringComparison.Ordinal))
                _ = long.TryParse(value, CultureInfo.InvariantCulture, out size);
            else if (line.StartsWith("exp_name:", StringComparison.Ordinal))
                exporter = value;
        }

        if (exporter is null)
            return null;
        if (inode == 0 && Stat.OfTarget($"{process}/fd/{fd}", out var status))
            inode = status.stx_ino;
        var name = parts.Length > 1 ? parts[1].TrimEnd('\n') : "";
        return new FdInfo(inode, size, exporter, name.Length > 0 ? name : null);
    }
}
