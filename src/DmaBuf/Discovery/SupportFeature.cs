namespace DmaBuf.Discovery;

/// <summary>What a machine can offer for buffer sharing.</summary>
public enum SupportFeature
{
    /// <summary>dma-bufs made from memfds (/dev/udmabuf).</summary>
    UDmaBuf,

    /// <summary>dma-bufs from heaps (/dev/dma_heap).</summary>
    DmaHeap,

    /// <summary>Sealed memfds.</summary>
    MemFd,

    /// <summary>Reserved huge pages.</summary>
    HugePage,

    /// <summary>TCP over IPv6.</summary>
    IPv6,

    /// <summary>Streams between virtual machines and their host.</summary>
    Vsock,

    /// <summary>Hardware virtualization (/dev/kvm).</summary>
    Kvm,

    /// <summary>Running as a Xen domain.</summary>
    Xen,

    /// <summary>Grant references to and from buffers (/dev/xen/gntdev).</summary>
    GrantDevice,

    /// <summary>Pages granted on allocation (/dev/xen/gntalloc).</summary>
    GrantAlloc,

    /// <summary>Event channels between domains, which vchan needs (/dev/xen/evtchn).</summary>
    EventChannel,

    /// <summary>Cameras and other devices that capture video (/dev/video*).</summary>
    VideoCapture,
}
