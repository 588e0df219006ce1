using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBufPS;

/// <summary>The cmdlets and parameters that help against the core's failures, which name none.</summary>
internal static class Advice
{
    /// <summary>What to add to a failure's <see cref="DmaBufException.RecommendedAction"/>, or null.</summary>
    public static string? For(DmaBufException failure, object? target) => failure.ErrorId switch
    {
        "Wait,ETIMEDOUT" => "-TimeoutSec sets the limit.",
        "Address,CannotPassDescriptors" => "Export-GrantRefs makes references of the buffer.",
        "Address,UnknownDomain" => "Get-XenDomain lists the domains.",
        "Buffer,Removed" => "Get-DmaBuf lists the buffers that are open.",
        "Buffer,NoLease" => "Get-GrantRefs lists what this session holds.",
        "Buffer,NoPeer" => "Send-DmaBufFd sends, Revoke-GrantRefs revokes.",
        "Buffer,CannotWait" => "Remove-DmaBuf removes it.",
        "Buffer,OwnDomain" => "Send-DmaBufFd does that.",
        "IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOTTY" => "New-GrantBuf makes such a buffer.",
        "IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOSPC" or "IOCTL_GNTALLOC_ALLOC_GREF,ENOSPC" =>
            "Get-GrantRefs lists them, Revoke-GrantRefs revokes them.",
        "IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,ENOTTY" or "IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,EINVAL" =>
            "Import-GrantRefs -Mapping does that.",
        "open,ENOENT" when failure is KernelException { Target: "/dev/udmabuf" } =>
            "New-UDmaBuf -Backing MemFd makes memory that can be shared without it.",
        _ when failure is KernelException { ErrnoName: "EMFILE" } => "Remove-DmaBuf closes buffers.",
        _ when failure is KernelException { Call: "mmap", ErrnoName: not "ENOMEM" }
            && target is DmaBuffer { IsOpen: true, IsDmaBuf: true, IsCpuAccessible: false } =>
            "Get-DmaBuf shows that as IsCpuAccessible, and Send-DmaBufFd passes it on.",
        _ => null,
    };
}
