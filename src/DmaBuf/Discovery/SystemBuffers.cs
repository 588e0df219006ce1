using System.Globalization;
using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Discovery;

/// <summary>
/// Every process's dma-bufs, from /proc/PID/fd, fdinfo and maps. Neither a device nor debugfs is needed.
/// </summary>
public sealed class SystemBuffers
{
    private const string LinkPrefix = "/dmabuf:";

    private SystemBuffers(IReadOnlyList<DmaBufHolder> holders, int deniedProcesses)
    {
        Holders = holders;
        DeniedProcesses = deniedProcesses;
    }

    /// <summary>One entry for each buffer in each process.</summary>
    public IReadOnlyList<DmaBufHolder> Holders { get; }

    /// <summary>How many processes this user may not inspect.</summary>
    public int DeniedProcesses { get; }

    /// <summary>Searches all processes. A process that ends in the meantime is left out.</summary>
    public static SystemBuffers Scan(CancellationToken cancellation = default)
    {
        var users = Passwd.Names();
        var holders = new List<DmaBufHolder>();
        var denied = 0;
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            cancellation.ThrowIfCancellationRequested();
            if (TryParseNumber(Path.GetFileName(directory)) is not { } pid)
                continue;
            try
            {
                holders.AddRange(OfProcess(pid, directory, users));
            }
            catch (UnauthorizedAccessException)
            {
                denied++;
            }
            catch (IOException)
            {
                // The process ended while it was inspected.
            }
        }

        return new SystemBuffers(holders, denied);
    }

    /// <summary>
    /// The entry of a buffer of this process. <see cref="Scan"/> finds dma-bufs only: to /proc, a memfd or a grant
    /// device's pages are a file like any other, of which only the process that made the buffer knows better.
    /// </summary>
    public static DmaBufHolder HolderOf(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        var fd = buffer.Fd;
        return new DmaBufHolder
        {
            ProcessId = Environment.ProcessId,
            ProcessName = SysFile.Read("/proc/self/comm") ?? "",
            User = UserOf("/proc/self", Passwd.Names()),
            Inode = buffer.Inode,
            Size = buffer.Size,
            Exporter = buffer.Exporter,
            Name = buffer.Name,
            Fds = fd < 0 ? [] : [fd],
            IsMapped = buffer.IsMapped,
        };
    }

    private static IEnumerable<DmaBufHolder> OfProcess(int pid, string directory, Dictionary<string, string> users)
    {
        var open = new Dictionary<ulong, (FdInfo Info, List<int> Fds)>();
        foreach (var fd in new DirectoryInfo($"{directory}/fd").EnumerateFileSystemInfos())
        {
            if (fd.LinkTarget?.StartsWith(LinkPrefix, StringComparison.Ordinal) != true
                || TryParseNumber(fd.Name) is not { } number
                || FdInfo.Read(directory, number) is not { } info)
            {
                continue;
            }

            if (!open.TryGetValue(info.Inode, out var entry))
                open[info.Inode] = entry = (info, []);
            entry.Fds.Add(number);
        }

        var mapped = MappedBytes($"{directory}/maps");
        if (open.Count == 0 && mapped.Count == 0)
            return [];

        var name = SysFile.Read($"{directory}/comm") ?? "";
        var user = UserOf(directory, users);
        return open.Keys.Union(mapped.Keys).Select(inode =>
        {
            var isOpen = open.TryGetValue(inode, out var entry);
            return new DmaBufHolder
            {
                ProcessId = pid,
                ProcessName = name,
                User = user,
                Inode = inode,
                Size = isOpen ? entry.Info.Size : mapped[inode],
                Exporter = isOpen ? entry.Info.Exporter : "",
                Name = isOpen ? entry.Info.Name : null,
                Fds = isOpen ? entry.Fds : [],
                IsMapped = mapped.ContainsKey(inode),
            };
        });
    }

    /// <summary>The dma-bufs in a maps file, and how far into each the mappings reach.</summary>
    internal static Dictionary<ulong, long> MappedBytes(string path)
    {
        var mapped = new Dictionary<ulong, long>();
        foreach (var line in SysFile.ReadLines(path))
        {
            // start-end perms offset major:minor inode path. Only at the start of the path is the prefix the kernel's;
            // elsewhere it is part of a name that a process chose.
            var fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (fields.Length != 6 || !fields[5].StartsWith(LinkPrefix, StringComparison.Ordinal))
                continue;
            var range = fields[0].Split('-');
            var end = Hex(fields[2]) + Hex(range[1]) - Hex(range[0]);
            var inode = ulong.Parse(fields[4], CultureInfo.InvariantCulture);
            mapped[inode] = Math.Max(mapped.GetValueOrDefault(inode), end);
        }

        return mapped;
    }

    private static int? TryParseNumber(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static long Hex(string text) =>
        long.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static string UserOf(string directory, Dictionary<string, string> users)
    {
        var uid = SysFile.ReadLines($"{directory}/status")
            .FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))?.Split('\t')[1] ?? "";
        return users.GetValueOrDefault(uid, uid);
    }
}
