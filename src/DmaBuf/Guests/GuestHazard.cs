namespace DmaBuf.Guests;

/// <summary>What makes sharing with a guest fail, or makes the host and the guest see different pages.</summary>
public enum GuestHazard
{
    /// <summary>QEMU maps the memory privately (share=off): what the guest writes does not reach the host.</summary>
    NotShared,

    /// <summary>
    /// This process cannot look at QEMU's mappings (/proc/PID/maps), or QEMU is connected through another process, so
    /// nobody knows whether the memory is shared.
    /// </summary>
    SharingUnknown,

    /// <summary>A region is not a memfd that udmabuf takes, such as a file of memory-backend-file.</summary>
    BadMemory,

    /// <summary>The guest has a virtio-balloon: a page that it gives away and takes back is another one.</summary>
    Balloon,

    /// <summary>The guest has virtio-mem: memory that is unplugged and plugged again is other memory.</summary>
    VirtioMem,

    /// <summary>Without QMP nobody can tell whether the guest has a balloon or virtio-mem.</summary>
    BalloonUnknown,
}
