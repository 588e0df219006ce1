using System.Diagnostics;
using System.Security.Cryptography;

namespace DmaBuf.Lab;

/// <summary>
/// Makes the initial ramdisk: busybox, the modules that reach the host's file system, and the two scripts of
/// <c>guest/</c>: <c>init</c>, which puts the root file system together, and <c>agent</c>, which runs commands in it.
/// </summary>
public static class Initramfs
{
    private const string FileName = "initramfs.cpio";
    private static readonly string[] s_modules = ["9pnet_virtio", "9p", "overlay"];
    private static readonly string[] s_scripts = ["init", "agent"];

    /// <summary>Returns the ramdisk for the kernel, from the cache if it holds one with the same content.</summary>
    public static async Task<string> GetAsync(Kernel kernel, CancellationToken cancellationToken = default)
    {
        string busybox = SystemPrograms.Find("busybox");
        string folder = await CacheFolder.GetOrAddAsync(
            $"initramfs/{kernel.Version}-{ContentKey(busybox)}",
            partial => Task.Run(() => Write(Path.Combine(partial, FileName), kernel, busybox), cancellationToken),
            cancellationToken);
        return Path.Combine(folder, FileName);
    }

    private static void Write(string path, Kernel kernel, string busybox)
    {
        using var archive = new CpioArchive(File.Create(path));
        foreach (string directory in new[] { "bin", "dev", "proc", "sys", "modules", "jobs", "host", "writes", "newroot" })
            archive.AddDirectory(directory);
        archive.AddFile("bin/busybox", File.ReadAllBytes(busybox));
        foreach (string script in s_scripts)
            archive.AddFile(script, Script(script));

        // Numbered, because init loads them in the order of their names.
        int number = 0;
        foreach (string file in s_modules.SelectMany(kernel.ModuleFiles).Distinct())
        {
            string name = Path.GetFileName(file).Split('.')[0];
            archive.AddFile($"modules/{++number:00}-{name}.ko", Decompress(file, busybox));
        }
    }

    private static byte[] Decompress(string file, string busybox)
    {
        if (file.EndsWith(".ko", StringComparison.Ordinal))
            return File.ReadAllBytes(file);
        var start = new ProcessStartInfo(busybox, ["xzcat", file]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        using var content = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(content);
        process.WaitForExit();
        return process.ExitCode == 0
            ? content.ToArray()
            : throw new LabException($"busybox xzcat cannot unpack {file}.");
    }

    private static string ContentKey(string busybox)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string script in s_scripts)
            hash.AppendData(Script(script));
        hash.AppendData(BitConverter.GetBytes(File.GetLastWriteTimeUtc(busybox).Ticks));
        return Convert.ToHexString(hash.GetCurrentHash().AsSpan(0, 6));
    }

    private static byte[] Script(string name)
    {
        using Stream resource = typeof(Initramfs).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        resource.CopyTo(content);
        return content.ToArray();
    }
}
