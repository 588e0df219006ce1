using System.Globalization;

namespace DmaBuf;

/// <summary>What /proc/PID/fdinfo/N tells of a dma-buf (dma_buf_show_fdinfo in drivers/dma-buf/dma-buf.c).</summary>
/// <param name="Inode">The line <c>ino</c>, or 0 on kernels before 5.14.</param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Exporter">The line <c>exp_name</c>.</param>
/// <param name="Name">The line <c>name</c>, or null where none is set.</param>
internal sealed record FdInfo(ulong Inode, long Size, string Exporter, string? Name)
{
    /// <summary>Reads one fdinfo file; null where it is gone, denied, or of no dma-buf.</summary>
    public static FdInfo? Read(string path)
    {
        ulong inode = 0;
        long size = 0;
        string? exporter = null;
        string? name = null;
        foreach (var line in SysFile.ReadLines(path))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                continue;
            var value = line[(colon + 1)..].Trim();
            switch (line[..colon])
            {
                case "ino":
                    _ = ulong.TryParse(value, CultureInfo.InvariantCulture, out inode);
                    break;
                case "size":
                    _ = long.TryParse(value, CultureInfo.InvariantCulture, out size);
                    break;
                case "exp_name":
                    exporter = value;
                    break;
                case "name" when value.Length > 0:
                    name = value;
                    break;
            }
        }

        return exporter is null ? null : new FdInfo(inode, size, exporter, name);
    }
}
