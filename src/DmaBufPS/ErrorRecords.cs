using System.Management.Automation;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>How the core's failures look in PowerShell: id, category, target and recommended action.</summary>
internal static class ErrorRecords
{
    public static ErrorRecord From(DmaBufException failure, object? target)
    {
        var record = new ErrorRecord(failure, failure.ErrorId, Category(failure), target);
        record.CategoryInfo.TargetName = VisibleText.Of(record.CategoryInfo.TargetName);
        var advice = new[] { failure.RecommendedAction, Advice.For(failure, target) };
        var action = string.Join(' ', advice.OfType<string>());
        if (action.Length > 0)
            record.ErrorDetails = new ErrorDetails(failure.Message) { RecommendedAction = action };
        return record;
    }

    /// <summary>
    /// Whether a failure ends its command, whichever it is: one of the address, the domain or xenstore, with which no
    /// other object could succeed.
    /// </summary>
    public static bool EndsCommand(DmaBufException failure) =>
        failure is AddressException { Fault: not AddressFault.CannotPassDescriptors } or DomainException
        || XenStore.IsUnreachable(failure);

    /// <summary>A failure that a cmdlet found without the core.</summary>
    public static ErrorRecord From(Exception failure, string id, ErrorCategory category, object? target, string action)
    {
        var record = new ErrorRecord(failure, id, category, target)
        {
            ErrorDetails = new ErrorDetails(failure.Message) { RecommendedAction = action },
        };
        record.CategoryInfo.TargetName = VisibleText.Of(record.CategoryInfo.TargetName);
        return record;
    }

    private static ErrorCategory Category(DmaBufException failure) => failure switch
    {
        KernelException kernel => Category(kernel.ErrnoName),
        XenStoreException store => Category(store.ErrnoName),
        AddressException { Fault: AddressFault.NotASocket } => ErrorCategory.ResourceExists,
        DomainException { Fault: DomainFault.Unknown } => ErrorCategory.ObjectNotFound,
        DomainException => ErrorCategory.InvalidArgument,
        AddressException => ErrorCategory.InvalidArgument,
        PeerException { Fault: PeerFault.Stalled } => ErrorCategory.OperationTimeout,
        PeerException { Fault: PeerFault.NotRead or PeerFault.Unwanted } => ErrorCategory.ConnectionError,
        PeerException => ErrorCategory.ProtocolError,
        StreamException { Fault: StreamFault.Failed } => ErrorCategory.ReadError,
        StreamException => ErrorCategory.InvalidArgument,
        WaitTimeoutException => ErrorCategory.OperationTimeout,
        BufferException buffer => Category(buffer.Fault),
        VideoException { Fault: VideoFault.TooFewBuffers } => ErrorCategory.ResourceUnavailable,
        VideoException { Fault: VideoFault.MemoryRefused } => ErrorCategory.NotImplemented,
        VideoException { Fault: VideoFault.ManyPlanes } => ErrorCategory.NotImplemented,
        VideoException { Fault: VideoFault.BadFile } => ErrorCategory.InvalidData,
        VideoException { Fault: VideoFault.Expired } => ErrorCategory.InvalidOperation,
        VideoException => ErrorCategory.InvalidArgument,
        GuestException guest => Category(guest.Fault),
        ShareException share => Category(share.Fault),
        PictureException { Fault: PictureFault.UnknownFormat } => ErrorCategory.NotImplemented,
        PictureException => ErrorCategory.InvalidArgument,
        DisplayException { Fault: DisplayFault.NoLibrary } => ErrorCategory.NotInstalled,
        DisplayException => ErrorCategory.ResourceUnavailable,
        _ => ErrorCategory.NotSpecified,
    };

    private static ErrorCategory Category(GuestFault fault) => fault switch
    {
        GuestFault.NoFrames => ErrorCategory.PermissionDenied,
        GuestFault.NotOnMemFds or GuestFault.BadMemory => ErrorCategory.NotImplemented,
        GuestFault.NotReady => ErrorCategory.ResourceUnavailable,
        GuestFault.TooManyRanges => ErrorCategory.LimitsExceeded,
        GuestFault.Untrusted => ErrorCategory.SecurityError,
        GuestFault.BadName => ErrorCategory.ResourceExists,
        GuestFault.Qmp => ErrorCategory.InvalidResult,
        _ => ErrorCategory.InvalidArgument,
    };

    private static ErrorCategory Category(ShareFault fault) => fault switch
    {
        ShareFault.Unknown or ShareFault.Unpublished => ErrorCategory.ObjectNotFound,
        ShareFault.TooMany => ErrorCategory.LimitsExceeded,
        ShareFault.BadMetadata => ErrorCategory.InvalidArgument,
        ShareFault.InUse => ErrorCategory.ResourceBusy,
        ShareFault.ChannelClosed => ErrorCategory.ConnectionError,
        ShareFault.NoPages => ErrorCategory.NotImplemented,
        _ => ErrorCategory.InvalidOperation,
    };

    private static ErrorCategory Category(BufferFault fault) => fault switch
    {
        BufferFault.Removed or BufferFault.NoLease or BufferFault.NoPeer or BufferFault.LinkEnded =>
            ErrorCategory.ObjectNotFound,
        BufferFault.PageSize => ErrorCategory.NotImplemented,
        BufferFault.CannotWait => ErrorCategory.InvalidOperation,
        BufferFault.ReadOnly => ErrorCategory.PermissionDenied,
        BufferFault.NotSealed => ErrorCategory.SecurityError,
        BufferFault.NotEnoughMemory => ErrorCategory.ResourceUnavailable,
        BufferFault.NotABuffer => ErrorCategory.InvalidData,
        _ => ErrorCategory.InvalidArgument,
    };

    private static ErrorCategory Category(string errno) => errno switch
    {
        "EPERM" or "EACCES" or "EROFS" => ErrorCategory.PermissionDenied,
        "ENOENT" or "ENXIO" or "ENODEV" or "ENOTDIR" => ErrorCategory.ObjectNotFound,
        "EINVAL" or "EBADF" or "EBADFD" or "ENAMETOOLONG" or "EISDIR" => ErrorCategory.InvalidArgument,
        "ENOMEM" or "ENOSPC" or "EDQUOT" or "EQUOTA" or "E2BIG" or "EMFILE" or "ENFILE" or "ENOBUFS" or "EFBIG" =>
            ErrorCategory.ResourceUnavailable,
        "EBUSY" or "EADDRINUSE" => ErrorCategory.ResourceBusy,
        "ENOSYS" or "ENOTTY" or "EOPNOTSUPP" or "ENOTSUPP" or "EAFNOSUPPORT" or "EPROTONOSUPPORT" =>
            ErrorCategory.NotImplemented,
        "ECONNREFUSED" or "ECONNRESET" or "EPIPE" or "EHOSTUNREACH" or "ENETUNREACH" or "EADDRNOTAVAIL" =>
            ErrorCategory.ConnectionError,
        "ETIMEDOUT" => ErrorCategory.OperationTimeout,
        _ => ErrorCategory.DeviceError,
    };
}
