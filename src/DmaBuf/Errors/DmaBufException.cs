using DmaBuf.Tracing;

namespace DmaBuf.Errors;

/// <summary>A failure that this library foresees, with an id that scripts can rely on.</summary>
public abstract class DmaBufException : Exception
{
    private protected DmaBufException(string errorId, string message, string? action, Exception? inner = null)
        : base(VisibleText.Of(message), inner)
    {
        ErrorId = errorId;
        RecommendedAction = action is null ? null : VisibleText.Of(action);
    }

    /// <summary>
    /// What failed and how, as <c>What,HOW</c>: <c>UDMABUF_CREATE,EINVAL</c> or <c>Peer,ClosedEarly</c>.
    /// </summary>
    public string ErrorId { get; }

    /// <summary>
    /// What the user can do about it; null where nothing is known to help. It names no cmdlet and no option: front ends
    /// add their own advice.
    /// </summary>
    public string? RecommendedAction { get; }
}
