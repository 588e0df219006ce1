namespace DmaBuf.Errors;

/// <summary>What is wrong with a stream that was given.</summary>
public enum StreamFault
{
    /// <summary>It was closed.</summary>
    Closed,

    /// <summary>It was not opened for reading.</summary>
    NotReadable,

    /// <summary>It failed, and tells no error number.</summary>
    Failed,
}

/// <summary>A stream that was given and cannot be read.</summary>
public sealed class StreamException : DmaBufException
{
    internal StreamException(StreamFault fault, string reason, string action, Exception inner)
        : base($"Stream,{fault}", $"{char.ToUpperInvariant(reason[0])}{reason[1..]}.", action, inner) => Fault = fault;

    /// <summary>What is wrong.</summary>
    public StreamFault Fault { get; }
}
