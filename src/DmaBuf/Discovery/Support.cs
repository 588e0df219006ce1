using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;

namespace DmaBuf.Discovery;

/// <summary>Finds out what the machine offers, by looking at it and by opening the devices as this user.</summary>
public static class Support
{
    /// <summary>Every feature, in the order of <see cref="SupportFeature"/>.</summary>
    public static IReadOnlyList<SupportCheck> CheckAll() => [.. Enum.GetValues<SupportFeature>().Select(Check)];

    /// <summary>One feature.</summary>
    public static SupportCheck Check(SupportFeature feature) => feature switch
    {
        SupportFeature.UDmaBuf => Device(feature, Udmabuf.DEVICE, "CONFIG_UDMABUF",
            () => $"size_limit_mb {UdmabufAllocator.SizeLimitMegabytes}, list_limit {UdmabufAllocator.ListLimit}"),
        SupportFeature.DmaHeap => Heaps(),
        SupportFeature.MemFd => MemFd(),
        SupportFeature.HugePage => HugePage(),
        SupportFeature.IPv6 => SocketFamily(feature, Socket.AF_INET6, "Load it with 'modprobe ipv6', or use IPv4."),
        SupportFeature.Vsock => SocketFamily(
            feature,
            Socket.AF_VSOCK,
            "Load it with 'modprobe vsock' and a transport: vsock_loopback, vmw_vsock_virtio_transport in a "
                + "guest, vhost_vsock on a host."),
        SupportFeature.Kvm => Device(feature, "/dev/kvm", "CONFIG_KVM", () => "usable"),
        SupportFeature.Xen => Xen(),
        SupportFeature.GrantDevice => Device(feature, "/dev/xen/gntdev", "CONFIG_XEN_GNTDEV_DMABUF", () => "usable"),
        SupportFeature.GrantAlloc => Device(feature, "/dev/xen/gntalloc", "CONFIG_XEN_GRANT_DEV_ALLOC", () => "usable"),
        SupportFeature.EventChannel => Device(feature, Evtchn.DEVICE, "CONFIG_XEN_DEV_EVTCHN", () => "usable"),
        SupportFeature.VideoCapture => VideoCapture(),
        _ => throw new ArgumentOutOfRangeException(nameof(feature)),
    };

    private static SupportCheck Device(SupportFeature feature, string path, string option, Func<string> detail)
    {
        var kernel = KernelConfig.Describe(option);
        using (var device = Fcntl.Open(path, Fcntl.O_RDWR))
        {
            if (device is not null)
                return new SupportCheck(feature, true, $"{path}, {detail()}{kernel}", null);
        }

        var failure = new KernelException("open", Errno.Last, path);
        return new SupportCheck(feature, false, $"{path}: {failure.ErrnoName}{kernel}", failure.RecommendedAction);
    }

    private static SupportCheck Heaps()
    {
        var heaps = DmaHeapAllocator.HeapNames();
        var kernel = KernelConfig.Describe("CONFIG_DMABUF_HEAPS");
        if (heaps.Count == 0)
        {
            var missing = new KernelException("open", Errno.ENOENT, $"{DmaHeap.DIRECTORY}/system");
            return new SupportCheck(
                SupportFeature.DmaHeap, false, $"{DmaHeap.DIRECTORY}: no heaps{kernel}", missing.RecommendedAction);
        }

        var checks = heaps.Select(heap => Device(
            SupportFeature.DmaHeap, $"{DmaHeap.DIRECTORY}/{heap}", "CONFIG_DMABUF_HEAPS", () => "usable")).ToList();
        return checks.Find(check => check.Available) is null
            ? checks[0]
            : new SupportCheck(SupportFeature.DmaHeap, true, $"{string.Join(", ", heaps)}{kernel}", null);
    }

    private static SupportCheck MemFd()
    {
        using var memfd = Mman.MemfdCreate("dmabufps-check", hugePages: false);
        return memfd is null
            ? new SupportCheck(
                SupportFeature.MemFd,
                false,
                $"memfd_create: {Errno.Name(Errno.Last)}",
                "Use a kernel with CONFIG_MEMFD_CREATE.")
            : new SupportCheck(SupportFeature.MemFd, true, $"page size {PageSizes.Base}", null);
    }

    private static SupportCheck HugePage()
    {
        var size = PageSizes.DefaultHuge;
        if (size == 0)
            return new SupportCheck(
                SupportFeature.HugePage, false, "none in this kernel", "Use a kernel with CONFIG_HUGETLBFS.");
        var free = PageSizes.FreeHuge;
        return new SupportCheck(SupportFeature.HugePage, free > 0, $"{Quantity.Of(free, "free page")} of {size} bytes",
            free > 0 ? null : "Reserve some: 'sysctl vm.nr_hugepages=16'.");
    }

    private static SupportCheck SocketFamily(SupportFeature feature, int family, string action)
    {
        using var socket = Socket.Create(family, Socket.SOCK_STREAM);
        return socket is null
            ? new SupportCheck(feature, false, $"socket: {Errno.Name(Errno.Last)}", action)
            : new SupportCheck(feature, true, "stream sockets", null);
    }

    private static SupportCheck Xen()
    {
        if (SysFile.Read("/sys/hypervisor/type") != "xen")
            return new SupportCheck(
                SupportFeature.Xen,
                false,
                "this machine is not a Xen domain",
                "Boot this machine under Xen, as dom0 or as a guest.");
        var major = SysFile.Read("/sys/hypervisor/version/major");
        var minor = SysFile.Read("/sys/hypervisor/version/minor");
        var privileges = SysFile.Read("/proc/xen/capabilities") == "control_d" ? "dom0" : "domU";
        return new SupportCheck(
            SupportFeature.Xen,
            true,
            $"Xen {major}.{minor}, {privileges}, {SysFile.Read("/sys/hypervisor/guest_type")}",
            null);
    }

    private static SupportCheck VideoCapture()
    {
        KernelException? failure = null;
        var cameras = new List<string>();
        foreach (var path in Videodev2.Paths())
        {
            using var device = Fcntl.Open(path, Fcntl.O_RDWR | Fcntl.O_NONBLOCK);
            if (device is null)
                failure ??= new KernelException("open", Errno.Last, path);
            else if (Videodev2.QueryCapability(device, out var capability) && capability.Captures)
                cameras.Add($"{path} ({capability.Card})");
        }

        if (cameras.Count > 0)
        {
            var detail = VisibleText.Of(string.Join(", ", cameras));
            return new SupportCheck(SupportFeature.VideoCapture, true, detail, null);
        }

        failure ??= new KernelException("open", Errno.ENOENT, $"{Videodev2.DEVICE}0");
        var problem = failure.Errno == Errno.ENOENT
            ? $"{Videodev2.DEVICE}*: no device captures video"
            : $"{failure.Target}: {failure.ErrnoName}";
        return new SupportCheck(SupportFeature.VideoCapture, false, problem, failure.RecommendedAction);
    }
}
