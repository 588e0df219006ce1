using System.Runtime.InteropServices;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Xen;

/// <summary>One end of an event channel, over which two domains wake each other.</summary>
internal sealed class EventChannel : IDisposable
{
    private EventChannel(FileDescriptor device, uint port)
    {
        Descriptor = device;
        Port = port;
        // What libxenvchan does after each bind.
        Unmask();
    }

    /// <summary>Readable while an event waits for <see cref="Take"/>.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>The port in this domain.</summary>
    public uint Port { get; }

    /// <summary>Makes an end that the other domain may bind to.</summary>
    /// <exception cref="KernelException">open; IOCTL_EVTCHN_BIND_UNBOUND_PORT: ESRCH, ENOSPC.</exception>
    public static EventChannel Offer(ushort domain)
    {
        var device = Open();
        var port = Evtchn.BindUnbound(device, domain);
        if (port >= 0)
            return new EventChannel(device, (uint)port);
        var errno = Errno.Last;
        device.Dispose();
        throw new KernelException(nameof(Evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT), errno, $"domain {domain}");
    }

    /// <summary>Binds to the other domain's end; null where that end is not there or not for this domain.</summary>
    /// <exception cref="KernelException">open; IOCTL_EVTCHN_BIND_INTERDOMAIN: ENOSPC.</exception>
    public static EventChannel? TryBind(ushort domain, uint port)
    {
        var device = Open();
        var own = Evtchn.BindInterdomain(device, domain, port);
        if (own >= 0)
            return new EventChannel(device, (uint)own);
        var errno = Errno.Last;
        device.Dispose();
        return errno is Errno.EINVAL or Errno.ESRCH or Errno.ENOENT
            ? null
            : throw new KernelException(nameof(Evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN), errno, $"domain {domain}");
    }

    /// <summary>Wakes the other side; does nothing if it is gone.</summary>
    public void Notify() => Evtchn.Notify(Descriptor, Port);

    /// <summary>Takes the event that waits, if any, so that the next one can come.</summary>
    public void Take()
    {
        uint port = 0;
        if (Unistd.Read(Descriptor, Bytes(ref port)) == sizeof(uint))
            Unmask();
    }

    /// <summary>Closes this end. Waits on the descriptor end.</summary>
    public void Dispose() => Descriptor.Dispose();

    private static FileDescriptor Open() =>
        Fcntl.Open(Evtchn.DEVICE, Fcntl.O_RDWR | Fcntl.O_NONBLOCK)
        ?? throw new KernelException("open", Errno.Last, Evtchn.DEVICE);

    private static Span<byte> Bytes(ref uint port) => MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref port, 1));

    private void Unmask()
    {
        var port = Port;
        Unistd.Write(Descriptor, Bytes(ref port));
    }
}
