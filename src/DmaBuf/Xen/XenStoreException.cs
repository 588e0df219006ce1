using DmaBuf.Errors;
using static DmaBuf.Interop.XsWire;

namespace DmaBuf.Xen;

/// <summary>A request that xenstore refused.</summary>
public sealed class XenStoreException : DmaBufException
{
    internal XenStoreException(xsd_sockmsg_type request, string path, string errnoName)
        : base($"{request},{errnoName}", $"xenstore refused {request} of {path}: {errnoName}.", ActionFor(errnoName))
    {
        Path = path;
        ErrnoName = errnoName;
    }

    /// <summary>The node asked for.</summary>
    public string Path { get; }

    /// <summary>The error as xenstore names it, such as <c>ENOENT</c>.</summary>
    public string ErrnoName { get; }

    private static string? ActionFor(string errnoName) => errnoName switch
    {
        "EACCES" =>
            "This domain may not do that there: a domain may write only below its own /local/domain/ID/data, and read "
            + "only what others allow it to.",
        "ENOSPC" or "EDQUOT" or "EQUOTA" =>
            "This domain's quota of xenstore nodes is used up: remove some, or raise xenstored's quota.",
        "E2BIG" => "The message is larger than the 4096 bytes that xenstore takes.",
        "ENOENT" => "There is no such node: check that the other side has written it, and the name and domain id.",
        _ => null,
    };
}
