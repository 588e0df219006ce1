using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>A kernel of the distribution, unpacked in the cache.</summary>
public sealed partial class Kernel
{
    private Kernel(string folder)
    {
        string image = Directory.EnumerateFiles(Path.Combine(folder, "boot"), "vmlinuz-*").Single();
        Image = image;
        Version = Path.GetFileName(image)["vmlinuz-".Length..];
        Modules = Path.Combine(folder, "lib/modules", Version);
    }

    /// <summary>What <c>uname -r</c> says on this kernel.</summary>
    public string Version { get; }

    /// <summary>The bootable image.</summary>
    public string Image { get; }

    /// <summary>The folder that belongs at /lib/modules/VERSION.</summary>
    public string Modules { get; }

    /// <summary>
    /// The newest kernel in the cache; when it holds none, the newest of the 6.12 series, else the newest of all,
    /// is downloaded. A cached kernel is kept: `clean -Cache` is the way to a newer one.
    /// </summary>
    public static async Task<Kernel> GetAsync(Action<string> say, CancellationToken cancellationToken = default)
    {
        string kernels = Path.Combine(CacheFolder.Root, "kernel");
        Directory.CreateDirectory(kernels);
        string? cached = DebianPackages
            .ByVersion(Directory.EnumerateDirectories(kernels, "*-amd64"))
            .FirstOrDefault();
        if (cached is not null)
            return new Kernel(cached);

        string package = await DebianPackages.FindNewestAsync("linux-image-6.12", Preferred(), cancellationToken)
            ?? await DebianPackages.FindNewestAsync("linux-image-", AnyPlain(), cancellationToken)
            ?? throw new LabException("No kernel to boot: apt offers no linux-image-N-amd64 (is this Debian on x86-64?"
                + " does `apt-get update` work?).");
        string folder = await CacheFolder.GetOrAddAsync("kernel/" + package, Fill, cancellationToken);
        return new Kernel(folder);

        async Task Fill(string partial)
        {
            say($"downloading {package} into {kernels}");
            await DebianPackages.UnpackAsync(package, partial, cancellationToken);
            // modprobe wants an index, which the package leaves to its installation.
            var kernel = new Kernel(partial);
            await HostCommand.RunAsync(
                SystemPrograms.Find("depmod"), ["-b", partial, kernel.Version], null, cancellationToken);
        }
    }

    /// <summary>The files of a module and of all it depends on, in the order in which they load.</summary>
    public IEnumerable<string> ModuleFiles(string module)
    {
        string line = File.ReadLines(Path.Combine(Modules, "modules.dep"))
            .FirstOrDefault(line => Regex.IsMatch(line, $@"^[^:]*/{Regex.Escape(module)}\.ko[^:/]*:"))
            ?? throw new LabException($"Kernel {Version} has no module {module}.");
        return line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries)
            .Reverse()
            .Select(file => Path.Combine(Modules, file));
    }

    [GeneratedRegex(@"^linux-image-6\.12\.[0-9][^-]*-amd64$")]
    private static partial Regex Preferred();

    [GeneratedRegex(@"^linux-image-[0-9]+\.[0-9]+\.[0-9]+([^a-z]*|\+deb[0-9]+u?[0-9]*)-amd64$")]
    private static partial Regex AnyPlain();
}
