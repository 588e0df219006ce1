using DmaBuf.Interop;

namespace DmaBuf.Errors;

/// <summary>
/// What helps against failed kernel calls, whatever led to them. It names no cmdlet and no option: front ends add their
/// own advice.
/// </summary>
internal static class RecommendedActions
{
    /// <summary>The advice for a failed call, or null where there is none.</summary>
    public static string? For(string call, int errno, string target) => (call, errno) switch
    {
        ("open", Errno.ENOENT or Errno.ENXIO or Errno.ENODEV) => ForMissingDevice(target),
        ("open", Errno.EACCES or Errno.EPERM) => ForDeniedDevice(target),
        (_, Errno.EMFILE) =>
            "This process has too many open descriptors: close some, or raise 'ulimit -n'.",
        (_, Errno.ENFILE) => "The system has too many open files: raise /proc/sys/fs/file-max.",
        (_, Errno.ENOMEM) => "Not enough free memory: use a smaller size, or free some.",
        (nameof(Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS), Errno.ENOTTY) =>
            "This kernel's grant device lacks CONFIG_XEN_GNTDEV_DMABUF: share pages of the grant allocator instead.",
        (nameof(Gntdev.IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS), Errno.ENOTTY) =>
            "This kernel's grant device lacks CONFIG_XEN_GNTDEV_DMABUF: map the references instead.",
        (nameof(Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS), Errno.EINVAL) =>
            "The driver takes only dma-bufs, and at most as many pages as its module parameter limit allows: see "
            + "/sys/module/xen_gntdev/parameters/limit.",
        (nameof(Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS) or nameof(Gntalloc.IOCTL_GNTALLOC_ALLOC_GREF),
            Errno.ENOSPC) =>
            "This domain has no grant references left: revoke some, or raise gnttab_max_frames.",
        (nameof(Gntdev.IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS), Errno.EINVAL) =>
            "PV domains and unmodified x86 drivers cannot make a dma-buf from references; bad references and a wrong "
            + "domain fail in the same way. Map the references instead.",
        (nameof(Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF), Errno.EINVAL) =>
            "The driver maps at most as many pages as its module parameter limit allows: raise "
            + "/sys/module/xen_gntdev/parameters/limit.",
        ("connect", Errno.ECONNREFUSED) =>
            "Nothing listens there: start the other side first, on the listening form of this address (unixd:, "
            + "tcpd:, vsockd:, vchand:).",
        ("connect", Errno.ENOENT) =>
            "There is no such socket: start the other side first with unixd: and this path, or check the path.",
        ("connect", Errno.ETIMEDOUT or Errno.EHOSTUNREACH or Errno.ENETUNREACH) =>
            "The host does not answer: check its address, the bridge or vif, and firewalls on the way.",
        ("connect", Errno.EPROTOTYPE) => "A socket of another kind is bound to this path: use another path.",
        ("connect", Errno.ENODEV or Errno.EADDRNOTAVAIL or Errno.ECONNRESET) =>
            "No such vsock peer: check the CID, load vsock_loopback for CID 1, or vhost_vsock on the host.",
        ("connect" or "bind", Errno.EACCES or Errno.EPERM) =>
            "This user may not use that address: check the permissions of the socket and its folder, or use a port "
            + "above 1023.",
        ("bind", Errno.EADDRINUSE) => "Another process listens there: end it, or use another port, path or name.",
        ("bind", Errno.EADDRNOTAVAIL) =>
            "This machine has no such address: listen on one of its own, or on 0.0.0.0 or [::].",
        ("bind", Errno.ENOENT) => "The socket's folder does not exist: create it first.",
        ("bind", Errno.ENOTDIR) => "A part of the socket's path is not a folder: check the path.",
        ("bind", Errno.EROFS) =>
            "The socket's folder is on a read-only file system: use another, such as /run or /tmp.",
        ("socket", Errno.EAFNOSUPPORT) =>
            "This kernel lacks that address family: load it (modprobe vsock, modprobe ipv6) or use another address.",
        ("send" or "recv" or "sendmsg" or "recvmsg", Errno.EPIPE or Errno.ECONNRESET) =>
            "The peer closed the connection: look at its own messages.",
        (_, Errno.EBUSY) when call.StartsWith("VIDIOC_", StringComparison.Ordinal) =>
            $"Another process captures from the device: end it ('fuser -v {target}' names it).",
        (_, Errno.ENODEV) when call.StartsWith("VIDIOC_", StringComparison.Ordinal) =>
            "The device is gone: it was unplugged, or its driver was unloaded. Plug it in and open it again.",
        (nameof(Videodev2.VIDIOC_QUERYCAP), Errno.ENOTTY) =>
            "This is no video device: use a device of the kind /dev/video0.",
        (nameof(Videodev2.VIDIOC_DQBUF), Errno.EIO) =>
            "The device stopped capturing: see dmesg, and start the capture again.",
        (nameof(Videodev2.VIDIOC_STREAMON), Errno.ENOSPC) =>
            "The device's bus has no bandwidth left: use a smaller size or frame rate, or another port.",
        (nameof(Videodev2.VIDIOC_STREAMON), Errno.EPIPE or Errno.ENOLINK) =>
            "The parts of this camera have no or unlike formats: set its links and formats with media-ctl first.",
        _ => null,
    };

    private static string? ForMissingDevice(string device) => device switch
    {
        Udmabuf.DEVICE => MissingDriver.Action(device, "udmabuf", "CONFIG_UDMABUF"),
        _ when device.StartsWith(DmaHeap.DIRECTORY + "/", StringComparison.Ordinal) => AvailableHeaps(),
        "/dev/kvm" => MissingDriver.KvmAction(device),
        "/dev/xen/xenbus" =>
            "This machine is not a Xen domain, or its xenstore device is missing: in a domain load it with "
            + "'modprobe xenfs', in dom0 start xenstored.",
        Gntdev.DEVICE => MissingDriver.XenAction(device, "xen-gntdev", "CONFIG_XEN_GNTDEV"),
        Evtchn.DEVICE => MissingDriver.XenAction(device, "xen-evtchn", "CONFIG_XEN_DEV_EVTCHN"),
        Gntalloc.DEVICE => MissingDriver.XenAction(device, "xen-gntalloc", "CONFIG_XEN_GRANT_DEV_ALLOC"),
        _ when device.StartsWith(Videodev2.DEVICE, StringComparison.Ordinal) =>
            "There is no such device: plug the camera in and load its driver ('modprobe vivid' makes a virtual one).",
        _ => null,
    };

    private static string ForDeniedDevice(string device) => device switch
    {
        Udmabuf.DEVICE or "/dev/kvm" =>
            "Join the group that owns the device (often kvm: 'sudo usermod -aG kvm $USER', then log in again), or "
            + "run as root.",
        _ when device.StartsWith(DmaHeap.DIRECTORY + "/", StringComparison.Ordinal) =>
            "Heaps belong to root by default: add a udev rule such as SUBSYSTEM==\"dma_heap\", GROUP=\"video\", "
            + "MODE=\"0660\", or run as root.",
        _ when device.StartsWith(Videodev2.DEVICE, StringComparison.Ordinal) =>
            "Join the group that owns the device (often video: 'sudo usermod -aG video $USER', then log in again), or "
            + "run as root.",
        _ => "Run as a user that may open it, or change its permissions.",
    };

    private static string AvailableHeaps()
    {
        var heaps = DmaHeap.Names();
        return heaps.Count == 0
            ? "This kernel offers no heaps: use one with CONFIG_DMABUF_HEAPS and CONFIG_DMABUF_HEAPS_SYSTEM, or "
                + "udmabuf."
            : $"This machine has these heaps: {string.Join(", ", heaps)}.";
    }
}
