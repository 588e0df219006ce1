namespace DmaBuf.Lab;

/// <summary>How Xen runs a domain.</summary>
public enum XenGuestType
{
    /// <summary>The kernel is changed for Xen, which checks its page tables.</summary>
    Pv,

    /// <summary>The processor's own virtualisation, without emulated devices.</summary>
    Pvh,
}
