using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>xen/evtchn.h: event channels, the interrupts that domains send each other.</summary>
internal static unsafe class Evtchn
{
    public const string DEVICE = "/dev/xen/evtchn";

    public static readonly uint IOCTL_EVTCHN_BIND_INTERDOMAIN = Ioctl.IO<ioctl_evtchn_bind_interdomain>('E', 1);
    public static readonly uint IOCTL_EVTCHN_BIND_UNBOUND_PORT = Ioctl.IO<ioctl_evtchn_bind_unbound_port>('E', 2);
    public static readonly uint IOCTL_EVTCHN_NOTIFY = Ioctl.IO<ioctl_evtchn_notify>('E', 4);

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_evtchn_bind_interdomain
    {
        public uint remote_domain;
        public uint remote_port;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_evtchn_bind_unbound_port
    {
        public uint remote_domain;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_evtchn_notify
    {
        public uint port;
    }

    /// <summary>
    /// BIND_INTERDOMAIN: a port bound to another domain's. Errors: EINVAL (it is not there, or not for this domain).
    /// </summary>
    /// <returns>The port, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static int BindInterdomain(FileDescriptor device, ushort domain, uint port)
    {
        var argument = new ioctl_evtchn_bind_interdomain { remote_domain = domain, remote_port = port };
        return Ioctl.Call(
            device,
            IOCTL_EVTCHN_BIND_INTERDOMAIN,
            $"{nameof(IOCTL_EVTCHN_BIND_INTERDOMAIN)}, domain {domain}, port {port}",
            ref argument);
    }

    /// <summary>BIND_UNBOUND_PORT: a port that another domain may bind to. Errors: ENOSPC, ESRCH.</summary>
    /// <returns>The port, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static int BindUnbound(FileDescriptor device, ushort domain)
    {
        var argument = new ioctl_evtchn_bind_unbound_port { remote_domain = domain };
        return Ioctl.Call(
            device,
            IOCTL_EVTCHN_BIND_UNBOUND_PORT,
            $"{nameof(IOCTL_EVTCHN_BIND_UNBOUND_PORT)}, domain {domain}",
            ref argument);
    }

    /// <summary>NOTIFY: sends an event to the other end of a port. Errors: ENOTCONN (it is not bound).</summary>
    public static bool Notify(FileDescriptor device, uint port)
    {
        var argument = new ioctl_evtchn_notify { port = port };
        return Ioctl.Call(device, IOCTL_EVTCHN_NOTIFY, $"{nameof(IOCTL_EVTCHN_NOTIFY)}, {port}", ref argument) == 0;
    }
}
