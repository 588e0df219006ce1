using DmaBuf.Tracing;

namespace DmaBuf.Errors;

/// <summary>A failure this library foresees. Each has an id that scripts can rely on and, where one is known, a cure.</summary>
public abstract class DmaBufException : Exception
{
    private protected DmaBufException(string errorId, string message, string? cure, Exception? inner = null)
        : base(VisibleText.Of(message), inner)
    {
        ErrorId = errorId;
        Cure = cure is null ? null : VisibleText.Of(cure);
    }

    /// <summary>What failed and how, as <c>What,HOW</c>: <c>UDMABUF_CREATE,EINVAL</c> or <c>Peer,ClosedEarly</c>.</summary>
    public string ErrorId { get; }

    /// <summary>What the user can do about it, or null where nothing is known to help.</summary>
    public string? Cure { get; }
}
