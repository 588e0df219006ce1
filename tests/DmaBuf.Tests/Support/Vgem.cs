using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>
/// A dma-buf of the kernel module vgem, which attaches real fences to it (drivers/gpu/drm/vgem/vgem_fence.c).
/// </summary>
internal sealed class Vgem : IDisposable
{
    private const char DRM_IOCTL_BASE = 'd';
    private const uint DRM_COMMAND_BASE = 0x40;
    private const int O_RDWR_CLOEXEC = 0x80002;
    private static readonly uint DRM_IOCTL_MODE_CREATE_DUMB = Ioctl.IOWR<CreateDumb>(DRM_IOCTL_BASE, 0xb2);
    private static readonly uint DRM_IOCTL_PRIME_HANDLE_TO_FD = Ioctl.IOWR<PrimeHandle>(DRM_IOCTL_BASE, 0x2d);
    private static readonly uint DRM_IOCTL_VGEM_FENCE_ATTACH =
        Ioctl.IOWR<FenceAttach>(DRM_IOCTL_BASE, DRM_COMMAND_BASE + 1);
    private static readonly uint DRM_IOCTL_VGEM_FENCE_SIGNAL =
        Ioctl.IOW<FenceSignal>(DRM_IOCTL_BASE, DRM_COMMAND_BASE + 2);
    private readonly FileDescriptor _card;
    private readonly uint _handle;

    public Vgem()
    {
        Assert.SkipUnless(Directory.Exists("/sys/module/vgem"), "needs the kernel module vgem");
        var card = Directory.GetFiles("/dev/dri", "card*").Single(path =>
            new FileInfo($"/sys/class/drm/{Path.GetFileName(path)}").LinkTarget!
                .Contains("vgem", StringComparison.Ordinal));
        _card = Fcntl.Open(card, Fcntl.O_RDWR)!;
        var dumb = new CreateDumb { height = 64, width = 64, bpp = 32 };
        Check(Ioctl.Call(_card, DRM_IOCTL_MODE_CREATE_DUMB, $"DRM_IOCTL_MODE_CREATE_DUMB", ref dumb));
        _handle = dumb.handle;
    }

    /// <summary>A new descriptor of the dma-buf.</summary>
    public FileDescriptor Export()
    {
        var prime = new PrimeHandle { handle = _handle, flags = O_RDWR_CLOEXEC };
        Check(Ioctl.Call(_card, DRM_IOCTL_PRIME_HANDLE_TO_FD, $"DRM_IOCTL_PRIME_HANDLE_TO_FD", ref prime));
        return new FileDescriptor(prime.fd);
    }

    /// <summary>Attaches a fence, as a device does that reads or writes; vgem itself signals it after 10 s.</summary>
    public uint Attach(bool write)
    {
        var fence = new FenceAttach { handle = _handle, flags = write ? 1u : 0 };
        Check(Ioctl.Call(_card, DRM_IOCTL_VGEM_FENCE_ATTACH, $"DRM_IOCTL_VGEM_FENCE_ATTACH", ref fence));
        return fence.out_fence;
    }

    /// <summary>Signals a fence.</summary>
    public void Signal(uint fence)
    {
        var signal = new FenceSignal { fence = fence };
        Check(Ioctl.Call(_card, DRM_IOCTL_VGEM_FENCE_SIGNAL, $"DRM_IOCTL_VGEM_FENCE_SIGNAL", ref signal));
    }

    public void Dispose() => _card.Dispose();

    private static void Check(int result) => Assert.Equal(0, result);

#pragma warning disable CS0649 // The kernel assigns them.
    /// <summary>struct drm_mode_create_dumb of drm/drm_mode.h.</summary>
    private struct CreateDumb
    {
        public uint height;
        public uint width;
        public uint bpp;
        public uint flags;
        public uint handle;
        public uint pitch;
        public ulong size;
    }

    /// <summary>struct drm_prime_handle of drm/drm.h.</summary>
    private struct PrimeHandle
    {
        public uint handle;
        public uint flags;
        public int fd;
    }

    /// <summary>struct drm_vgem_fence_attach of drm/vgem_drm.h.</summary>
    private struct FenceAttach
    {
        public uint handle;
        public uint flags;
        public uint out_fence;
        public uint pad;
    }

    /// <summary>struct drm_vgem_fence_signal of drm/vgem_drm.h.</summary>
    private struct FenceSignal
    {
        public uint fence;
        public uint flags;
    }
}
