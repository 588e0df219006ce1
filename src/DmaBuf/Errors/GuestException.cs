namespace DmaBuf.Errors;

/// <summary>Why pages cannot be shared between a KVM guest and its host.</summary>
public enum GuestFault
{
    /// <summary>The kernel hides page frames from this process.</summary>
    NoFrames,

    /// <summary>Nobody can tell which page frames a buffer has, because it does not stand on memfds.</summary>
    NotOnMemFds,

    /// <summary>The host does not have the guest's memory yet, or no longer.</summary>
    NotReady,

    /// <summary>Frames lie outside the guest's memory.</summary>
    OutsideMemory,

    /// <summary>A frame occurs twice.</summary>
    FrameTwice,

    /// <summary>The ranges are not a buffer: none, an empty one, too large, or an odd page size.</summary>
    BadPages,

    /// <summary>More ranges than the host's udmabuf driver takes, or than a message holds.</summary>
    TooManyRanges,

    /// <summary>The guest's memory is not a memfd that udmabuf takes.</summary>
    BadMemory,

    /// <summary>The guest's CID is not known, so that its connections cannot be told from others.</summary>
    NoCid,

    /// <summary>The address would let others than the guest's kernel and root name its pages.</summary>
    Untrusted,

    /// <summary>There is a guest of that name already, or none.</summary>
    BadName,

    /// <summary>QEMU refused a QMP command, or its answer makes no sense.</summary>
    Qmp,
}

/// <summary>Pages that cannot be shared between a KVM guest and its host.</summary>
public sealed class GuestException : DmaBufException
{
    internal GuestException(GuestFault fault, string message, string? action, Exception? inner = null)
        : base($"Guest,{fault}", message, action, inner) => Fault = fault;

    /// <summary>Why.</summary>
    public GuestFault Fault { get; }
}
