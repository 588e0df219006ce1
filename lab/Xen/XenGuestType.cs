namespace DmaBuf.Lab;

/// <summary>How Xen runs a domain.</summary>
public enum XenGuestType
{
    /// <summary>The kernel runs in Xen's paravirtualised mode, in which Xen checks its page tables.</summary>
    Pv,

    /// <summary>Xen uses the processor's own virtualisation, without emulated devices.</summary>
    Pvh,
}
