using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace DmaBuf.Lab;

/// <summary>
/// Makes initial ramdisks. Each holds busybox, the modules that give access to the host's file system, files that lie
/// over it, and scripts of <c>guest/</c>, the first of which sets up the root file system.
/// </summary>
public sealed class Initramfs
{
    private const string FileName = "initramfs.cpio";
    private readonly string _init;
    private readonly string[] _scripts;
    private readonly string[] _modules;

    private readonly IReadOnlyDictionary<string, string> _layer;

    private Initramfs(string init, string[] scripts, string[] modules, IReadOnlyDictionary<string, string> layer)
    {
        _init = init;
        _scripts = scripts;
        _modules = modules;
        _layer = layer;
    }

    /// <summary>The ramdisk for a machine of QEMU.</summary>
    public static Initramfs ForMachine { get; } =
        new("init", ["root.sh", "agent"], ["9pnet_virtio", "9p", "overlay"], new Dictionary<string, string>());

    /// <summary>Returns the ramdisk for a Xen guest.</summary>
    /// <param name="layer">
    /// Files of this computer, by their paths in the guest, which then need not come over the guest's network.
    /// </param>
    public static Initramfs ForXenGuest(IReadOnlyDictionary<string, string> layer) => new(
        "guest",
        ["root.sh"],
        ["xen-netfront", "9pnet_fd", "9p", "overlay", "xenfs", "xen-evtchn", "xen-gntalloc", "xen-privcmd"],
        layer);

    /// <summary>Returns the ramdisk for a KVM guest.</summary>
    /// <param name="layer">
    /// Files of this computer, by their paths in the guest, which then need not come from the guest's host.
    /// </param>
    public static Initramfs ForKvmGuest(IReadOnlyDictionary<string, string> layer) => new(
        "guest",
        ["root.sh"],
        ["virtio_net", "9pnet_virtio", "9p", "overlay", "vmw_vsock_virtio_transport"],
        layer);

    /// <summary>Returns the ramdisk's path, from the cache if it holds one with the same content.</summary>
    /// <param name="kernel">The kernel that the modules belong to.</param>
    /// <param name="packages">Where busybox is, if this computer's own cannot run there.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public async Task<string> GetAsync(
        Kernel kernel, PackageLayer? packages, CancellationToken cancellationToken = default)
    {
        var busybox = packages?.TryFind("busybox") ?? SystemPrograms.Find("busybox");
        var folder = await CacheFolder.GetOrAddAsync(
            $"initramfs/{kernel.Version}-{ContentKey(busybox)}",
            partial => Task.Run(() => Write(Path.Combine(partial, FileName), kernel, busybox), cancellationToken),
            cancellationToken);
        return Path.Combine(folder, FileName);
    }

    /// <summary>Returns the text of a script of <c>guest/</c>.</summary>
    internal static string ScriptText(string name) => Encoding.UTF8.GetString(Script(name));

    private void Write(string path, Kernel kernel, string busybox)
    {
        using var archive = new CpioArchive(File.Create(path));
        string[] directories =
            ["bin", "dev", "proc", "sys", "modules", "jobs", "host", "layer", "writes", "newroot"];
        foreach (var directory in directories)
            archive.AddDirectory(directory);
        archive.AddFile("bin/busybox", File.ReadAllBytes(busybox));
        archive.AddFile("init", Script(_init));
        foreach (var script in _scripts)
            archive.AddFile(script, Script(script));

        foreach (var folder in _layer.Keys.SelectMany(Parents).Distinct())
            archive.AddDirectory("layer/" + folder);
        foreach (var (name, file) in _layer)
            archive.AddFile("layer/" + name, File.ReadAllBytes(file));

        // Numbered, because init loads them in the order of their names.
        var number = 0;
        foreach (var file in _modules.SelectMany(kernel.ModuleFiles).Distinct())
        {
            var name = Path.GetFileName(file).Split('.')[0];
            archive.AddFile($"modules/{++number:00}-{name}.ko", Decompress(file));
        }
    }

    /// <summary>Returns the folders above a path, from the top down.</summary>
    private static IEnumerable<string> Parents(string path) =>
        path.Select((character, at) => (character, at))
            .Where(pair => pair.character == '/')
            .Select(pair => path[..pair.at]);

    private static byte[] Decompress(string file)
    {
        if (file.EndsWith(".ko", StringComparison.Ordinal))
            return File.ReadAllBytes(file);
        var start = new ProcessStartInfo(SystemPrograms.Find("busybox"), ["xzcat", file])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        using var content = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(content);
        process.WaitForExit();
        return process.ExitCode == 0
            ? content.ToArray()
            : throw new LabException($"busybox xzcat cannot unpack {file}.");
    }

    private string ContentKey(string busybox)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var script in _scripts.Prepend(_init))
            hash.AppendData(Script(script));
        foreach (var module in _modules)
            hash.AppendData(Encoding.UTF8.GetBytes(module));
        var files = _layer
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Append(new KeyValuePair<string, string>(string.Empty, busybox));
        foreach (var (name, file) in files)
        {
            var info = new FileInfo(file);
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{file}\n{info.Length}\n{info.LastWriteTimeUtc.Ticks}\n"));
        }

        return Convert.ToHexString(hash.GetCurrentHash().AsSpan(0, 6));
    }

    private static byte[] Script(string name)
    {
        using var resource = typeof(Initramfs).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        resource.CopyTo(content);
        return content.ToArray();
    }
}
