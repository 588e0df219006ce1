using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Advice that names cmdlets and parameters, which the core's messages never mention.</summary>
internal static class Advice
{
    /// <summary>What to add to a failure's <see cref="DmaBufException.RecommendedAction"/>, or null.</summary>
    public static string? For(DmaBufException failure, object? target) => failure.ErrorId switch
    {
        "Wait,ETIMEDOUT" => "-TimeoutSec sets the limit.",
        "Address,CannotPassDescriptors" when target is not DmaBuffer =>
            "-Domain receives grant references of the domain that it names.",
        "Address,CannotPassDescriptors" => "Export-GrantRefs creates references to the buffer's pages.",
        "Share,InUse" => "Lock-DmaBuf waits for that; -Force writes anyway.",
        "Share,ChannelClosed" => "Connect-DmaBufChannel opens a new one.",
        "Share,NoPages" => "-Domain names the peer's domain.",
        "Share,BadState" => "Get-DmaBufShare shows the state of each share.",
        "Guest,NotOnMemFds" => "New-UDmaBuf makes one.",
        "Guest,NotReady" => "Get-GuestMemory shows the state of each guest.",
        "Guest,NoCid" => "Connect-GuestMemory -Cid gives it.",
        "Guest,Untrusted" => "-AllowAnyPeer accepts anyone.",
        "Guest,TooManyRanges" => "New-UDmaBuf -HugePage makes such a buffer.",
        "Guest,BadName" => "Get-GuestMemory lists the guests, Disconnect-GuestMemory disconnects one.",
        "Domain,Unknown" => "Get-XenDomain lists the domains.",
        "Buffer,Removed" => "Get-DmaBuf lists the buffers that are open.",
        "Buffer,NoLease" when target is GuestPages => "Get-GuestPages lists the pages that this session shares.",
        "Buffer,NoLease" => "Get-GrantRefs lists the references that this session has granted.",
        "Buffer,NoPeer" => "Send-DmaBufFd and Publish-DmaBuf give it to a peer, Revoke-GrantRefs revokes references.",
        "Buffer,CannotWait" => "Remove-DmaBuf removes it.",
        "Video,NotACamera" or "VIDIOC_QUERYCAP,ENOTTY" => "Get-VideoDevice lists the devices.",
        "Display,NoLibrary" or "Display,NoDisplay" or "Display,NoWindow" when target is DmaBuffer =>
            "Show-DmaBufImage -Terminal needs no window, and Save-DmaBufImage writes a file.",
        "Domain,Own" or "Buffer,OwnDomain" => "Send-DmaBufFd does that.",
        "IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOTTY" => "New-GrantBuf makes such a buffer.",
        "IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOSPC" or "IOCTL_GNTALLOC_ALLOC_GREF,ENOSPC" =>
            "Get-GrantRefs lists them, Revoke-GrantRefs revokes them.",
        "IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,ENOTTY" or "IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,EINVAL" =>
            "Import-GrantRefs -Mapping does that.",
        "open,ENOENT" or "open,ENXIO" or "open,ENODEV" when failure is KernelException { Target: "/dev/udmabuf" } =>
            "New-UDmaBuf -Backing MemFd makes memory that can be shared without it.",
        _ when failure is KernelException { ErrnoName: "EMFILE" } => "Remove-DmaBuf closes buffers.",
        _ when failure is KernelException { Call: "mmap", ErrnoName: not "ENOMEM" }
            && target is DmaBuffer { IsOpen: true, IsDmaBuf: true, IsCpuAccessible: false } =>
            "Its property IsCpuAccessible is false, and Send-DmaBufFd passes it on.",
        _ => null,
    };
}
