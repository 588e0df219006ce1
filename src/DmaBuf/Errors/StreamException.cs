namespace DmaBuf.Errors;

/// <summary>What is wrong with a caller's stream.</summary>
public enum StreamFault
{
    /// <summary>It was closed.</summary>
    Closed,

    /// <summary>It was not opened for reading.</summary>
    NotReadable,

    /// <summary>It failed and reported no error number.</summary>
    Failed,
}

/// <summary>A caller's stream that cannot be read.</summary>
public sealed class StreamException : DmaBufException
{
    internal StreamException(StreamFault fault, string reason, string action, Exception inner)
        : base($"Stream,{fault}", $"{char.ToUpperInvariant(reason[0])}{reason[1..]}.", action, inner) => Fault = fault;

    /// <summary>What is wrong.</summary>
    public StreamFault Fault { get; }
}
