namespace DmaBuf.Lab;

/// <summary>
/// The user's folder for files that are downloaded or made only once: kernels, PowerShell, ramdisks, QEMU.
/// </summary>
public static class CacheFolder
{
    /// <summary>The folder's path: <c>dmabufps</c> below <c>$XDG_CACHE_HOME</c> or <c>~/.cache</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>
    /// Returns the named folder of the cache. If it is missing, one caller at a time (across all processes) fills a
    /// temporary folder, which is then renamed, so nobody ever sees a half-filled folder.
    /// </summary>
    public static async Task<string> GetOrAddAsync(
        string name, Func<string, Task> fill, CancellationToken cancellationToken = default)
    {
        var folder = Path.Combine(Root, name);
        if (Directory.Exists(folder))
            return folder;
        Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
        using var held = await FileLock.AcquireAsync(folder + ".lock", cancellationToken);
        if (Directory.Exists(folder))
            return folder;
        var partial = folder + ".part";
        if (Directory.Exists(partial))
            Directory.Delete(partial, recursive: true);
        Directory.CreateDirectory(partial);
        try
        {
            await fill(partial);
        }
        catch
        {
            // The partial folder may be what filled the disk.
            Directory.Delete(partial, recursive: true);
            throw;
        }

        Directory.Move(partial, folder);
        return folder;
    }

    private static string FindRoot()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache))
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(cache, "dmabufps");
    }
}
