using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>A kernel of the distribution, unpacked in the cache.</summary>
public sealed partial class Kernel
{
    private Kernel(string folder)
    {
        var image = Directory.EnumerateFiles(Path.Combine(folder, "boot"), "vmlinuz-*").Single();
        Image = image;
        Version = Path.GetFileName(image)["vmlinuz-".Length..];
        Modules = Path.Combine(folder, "lib/modules", Version);
    }

    /// <summary>The version that <c>uname -r</c> prints on this kernel.</summary>
    public string Version { get; }

    /// <summary>The bootable image.</summary>
    public string Image { get; }

    /// <summary>The folder to mount at /lib/modules/VERSION.</summary>
    public string Modules { get; }

    /// <summary>
    /// Returns the newest kernel in the cache. If there is none, downloads the newest of the 6.12 series or, failing
    /// that, the newest of all. A cached kernel stays in use until `clean -Cache` removes it.
    /// </summary>
    public static async Task<Kernel> GetAsync(Action<string> say, CancellationToken cancellationToken = default)
    {
        var kernels = Path.Combine(CacheFolder.Root, "kernel");
        Directory.CreateDirectory(kernels);
        var cached = DebianPackages
            .ByVersion(Directory.EnumerateDirectories(kernels, "*-amd64"))
            .FirstOrDefault();
        if (cached is not null)
            return new Kernel(cached);

        var package = await DebianPackages.FindNewestAsync("linux-image-6.12", Preferred(), cancellationToken)
            ?? await DebianPackages.FindNewestAsync("linux-image-", AnyPlain(), cancellationToken)
            ?? throw new LabException("No kernel to boot: apt offers no linux-image-N-amd64 (is this Debian on x86-64?"
                + " does `apt-get update` work?).");
        var folder = await CacheFolder.GetOrAddAsync("kernel/" + package, Fill, cancellationToken);
        return new Kernel(folder);

        async Task Fill(string partial)
        {
            say($"downloading {package} into {kernels}");
            await DebianPackages.UnpackAsync([package], partial, cancellationToken);
            // modprobe needs an index, which installing the package would make.
            var kernel = new Kernel(partial);
            await HostCommand.RunAsync(
                SystemPrograms.Find("depmod"), ["-b", partial, kernel.Version], null, cancellationToken);
        }
    }

    /// <summary>Returns the files of a module and of its dependencies, in the order in which they load.</summary>
    public IEnumerable<string> ModuleFiles(string module)
    {
        var line = File.ReadLines(Path.Combine(Modules, "modules.dep"))
            .FirstOrDefault(line => Regex.IsMatch(line, $@"^[^:]*/{Regex.Escape(module)}\.ko[^:/]*:"))
            ?? throw new LabException($"Kernel {Version} has no module {module}.");
        return line.Split([' ', ':'], StringSplitOptions.RemoveEmptyEntries)
            .Reverse()
            .Select(file => Path.Combine(Modules, file));
    }

    /// <summary>
    /// Extracts the kernel proper from its bootable image, because on an emulated processor a kernel that need not
    /// unpack itself starts faster. Returns a copy of the image where it is packed in another way.
    /// </summary>
    public async Task<string> GetPayloadAsync(CancellationToken cancellationToken = default)
    {
        var folder = await CacheFolder.GetOrAddAsync($"payload/{Version}", Fill, cancellationToken);
        return Path.Combine(folder, "vmlinux");

        async Task Fill(string partial)
        {
            var image = await File.ReadAllBytesAsync(Image, cancellationToken);
            var target = Path.Combine(partial, "vmlinux");
            if (ZstdPayload(image) is not Range payload || SystemPrograms.TryFind("zstd") is not string zstd)
            {
                await File.WriteAllBytesAsync(target, image, cancellationToken);
                return;
            }

            var packed = target + ".zst";
            await File.WriteAllBytesAsync(packed, image[payload], cancellationToken);
            await HostCommand.RunAsync(zstd, ["-q", "-d", "--rm", packed], null, cancellationToken);
        }
    }

    /// <summary>Locates the compressed kernel in a bzImage (Documentation/arch/x86/boot.rst, header 2.08).</summary>
    private static Range? ZstdPayload(byte[] image)
    {
        const int SectorsField = 0x1f1;
        const int OffsetField = 0x248;
        const int LengthField = 0x24c;
        const uint ZstdMagic = 0xfd2fb528;
        const int SizeAfterPayload = sizeof(uint);
        var start = ((image[SectorsField] + 1) * 512) + BitConverter.ToInt32(image, OffsetField);
        var length = BitConverter.ToInt32(image, LengthField) - SizeAfterPayload;
        return BitConverter.ToUInt32(image, start) == ZstdMagic ? start..(start + length) : null;
    }

    [GeneratedRegex(@"^linux-image-6\.12\.[0-9][^-]*-amd64$")]
    private static partial Regex Preferred();

    [GeneratedRegex(@"^linux-image-[0-9]+\.[0-9]+\.[0-9]+([^a-z]*|\+deb[0-9]+u?[0-9]*)-amd64$")]
    private static partial Regex AnyPlain();
}
