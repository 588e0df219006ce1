using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>A kernel of the distribution, unpacked in the cache.</summary>
public sealed class Kernel
{
    private Kernel(MachineArchitecture architecture, string folder)
    {
        Architecture = architecture;
        var image = Directory.EnumerateFiles(Path.Combine(folder, "boot"), "vmlinuz-*").Single();
        Image = image;
        Version = Path.GetFileName(image)["vmlinuz-".Length..];
        Modules = Path.Combine(folder, "lib/modules", Version);
    }

    /// <summary>The architecture of the processors that it runs on.</summary>
    public MachineArchitecture Architecture { get; }

    /// <summary>The version that <c>uname -r</c> prints on this kernel.</summary>
    public string Version { get; }

    /// <summary>The bootable image.</summary>
    public string Image { get; }

    /// <summary>The folder to mount at /lib/modules/VERSION.</summary>
    public string Modules { get; }

    /// <summary>
    /// Returns the newest kernel in the cache for the architecture. If there is none, downloads the newest of the 6.12
    /// series or, failing that, the newest of all. A cached kernel stays in use until `clean -Cache` removes it.
    /// </summary>
    public static Task<Kernel> GetAsync(
        MachineArchitecture architecture, Action<string> say, CancellationToken cancellationToken = default) =>
        GetAsync(architecture, null, say, cancellationToken);

    /// <summary>Does the same for one of the kernels that Debian builds beside the usual one.</summary>
    /// <param name="architecture">The architecture of the processors that it runs on.</param>
    /// <param name="variant">The suffix of its package's name, such as 16k; null for the usual kernel.</param>
    /// <param name="say">Receives a line for the user about a download.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public static async Task<Kernel> GetAsync(
        MachineArchitecture architecture,
        string? variant,
        Action<string> say,
        CancellationToken cancellationToken = default)
    {
        var flavour = variant is null ? architecture.DebianName : $"{architecture.DebianName}-{variant}";
        var kernels = Path.Combine(CacheFolder.Root, "kernel");
        Directory.CreateDirectory(kernels);
        var cached = DebianPackages
            .ByVersion(Directory.EnumerateDirectories(kernels, $"*-{flavour}"))
            .FirstOrDefault();
        if (cached is not null)
            return new Kernel(architecture, cached);

        var package = await FindAsync("linux-image-6.12", @"6\.12\.[0-9][^-]*")
            ?? await FindAsync("linux-image-", @"[0-9]+\.[0-9]+\.[0-9]+([^a-z]*|\+deb[0-9]+u?[0-9]*)")
            ?? throw new NotAvailableException(
                $"No kernel to boot: apt offers no linux-image-N-{flavour} (is this Debian? does `apt-get update`"
                + " work?).");
        var folder = await CacheFolder.GetOrAddAsync("kernel/" + package, Fill, cancellationToken);
        return new Kernel(architecture, folder);

        Task<string?> FindAsync(string prefix, string version) => DebianPackages.FindNewestAsync(
            architecture, prefix, new Regex($"^linux-image-{version}-{Regex.Escape(flavour)}$"), cancellationToken);

        async Task Fill(string partial)
        {
            say($"downloading {package} into {kernels}");
            await DebianPackages.UnpackAsync(architecture, [package], partial, cancellationToken);
            // modprobe needs an index, which installing the package would make.
            var kernel = new Kernel(architecture, partial);
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
    /// unpack itself starts faster. Returns a copy of the image where it is packed in another way, and the image itself
    /// where it is not packed at all.
    /// </summary>
    public async Task<string> GetPayloadAsync(CancellationToken cancellationToken = default)
    {
        if (IsUnpacked())
            return Image;
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

    /// <summary>Whether the image is one of Arm64 (Documentation/arch/arm64/booting.rst), and not packed.</summary>
    private bool IsUnpacked()
    {
        const int MagicField = 0x38;
        Span<byte> header = stackalloc byte[MagicField + 4];
        using var file = File.OpenRead(Image);
        file.ReadExactly(header);
        return header[MagicField..].SequenceEqual("ARM\x64"u8);
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
}
