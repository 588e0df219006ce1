using DmaBuf.Tracing;

namespace DmaBuf.Errors;

/// <summary>A kernel call that failed: which call, with which error number, and on what.</summary>
public sealed class KernelException : DmaBufException
{
    /// <remarks>
    /// Arguments are evaluated in this order: with <c>Errno.Last</c> in its place, no call that a later argument makes
    /// can change it.
    /// </remarks>
    /// <param name="call">The call or ioctl, as the kernel names it.</param>
    /// <param name="errno">The error number.</param>
    /// <param name="target">The device, path, address or buffer that it was made on.</param>
    /// <param name="action">The advice, where the caller knows better than <see cref="RecommendedActions"/>.</param>
    internal KernelException(string call, int errno, string target, string? action = null)
        : base(
            $"{call},{Interop.Errno.Name(errno)}",
            $"{call} on {target} failed: {Interop.Errno.Name(errno)} ({Interop.Errno.Describe(errno)}).",
            action ?? RecommendedActions.For(call, errno, target))
    {
        Call = call;
        Errno = errno;
        Target = VisibleText.Of(target);
    }

    /// <summary>The call or ioctl that failed, as the kernel names it: <c>open</c>, <c>UDMABUF_CREATE</c>.</summary>
    public string Call { get; }

    /// <summary>The error number.</summary>
    public int Errno { get; }

    /// <summary>The error number's name, such as <c>EINVAL</c>.</summary>
    public string ErrnoName => Interop.Errno.Name(Errno);

    /// <summary>The device, path, address or buffer that the call was made on.</summary>
    public string Target { get; }
}
