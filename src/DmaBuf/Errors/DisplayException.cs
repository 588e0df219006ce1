namespace DmaBuf.Errors;

/// <summary>Why nothing can be shown in a window.</summary>
public enum DisplayFault
{
    /// <summary>SDL2 is not installed.</summary>
    NoLibrary,

    /// <summary>SDL2 found no display that it can use.</summary>
    NoDisplay,

    /// <summary>The display refused the window, such as one that is too large for it.</summary>
    NoWindow,
}

/// <summary>A window that cannot be shown.</summary>
public sealed class DisplayException : DmaBufException
{
    internal DisplayException(DisplayFault fault, string message, string action)
        : base($"Display,{fault}", message, action) => Fault = fault;

    /// <summary>What is missing.</summary>
    public DisplayFault Fault { get; }
}
