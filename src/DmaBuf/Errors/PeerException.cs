namespace DmaBuf.Errors;

/// <summary>What a peer did that the protocol does not allow.</summary>
public enum PeerFault
{
    /// <summary>It closed the connection before it sent everything.</summary>
    ClosedEarly,

    /// <summary>It began to send and then stopped.</summary>
    Stalled,

    /// <summary>Its message carried no descriptor.</summary>
    NoDescriptor,

    /// <summary>Its message carried more than one descriptor; all were closed.</summary>
    TooManyDescriptors,

    /// <summary>Its message had more than the one data byte.</summary>
    ExtraData,

    /// <summary>It announced zero references, or more than the grant device accepts.</summary>
    BadCount,

    /// <summary>Its nodes in xenstore have invalid content.</summary>
    BadNode,

    /// <summary>A ring that it shares has indices or a size that cannot be.</summary>
    BadRing,

    /// <summary>It closed the connection without reading everything that was sent.</summary>
    NotRead,

    /// <summary>It is not one of the peers to accept.</summary>
    Unwanted,

    /// <summary>It could not import the references, and reported why.</summary>
    ImportFailed,

    /// <summary>It sent a message that the protocol of channels does not allow.</summary>
    BadMessage,

    /// <summary>Its version or its domain does not fit this side.</summary>
    Incompatible,

    /// <summary>It announced frames that are larger, or buffers that are more, than this side takes.</summary>
    TooLarge,
}

/// <summary>A peer that broke the protocol. Nothing it sent was kept.</summary>
public sealed class PeerException : DmaBufException
{
    internal PeerException(PeerFault fault, string peer, string reason, string action)
        : base($"Peer,{fault}", $"The peer at {peer} {reason}.", action)
    {
        Fault = fault;
        Peer = peer;
    }

    /// <summary>What it did.</summary>
    public PeerFault Fault { get; }

    /// <summary>The address that it was reached at.</summary>
    public string Peer { get; }
}
