namespace DmaBuf.Errors;

/// <summary>What is wrong with an address.</summary>
public enum AddressFault
{
    /// <summary>The text before the first colon is not a known scheme.</summary>
    UnknownScheme,

    /// <summary>The path is missing or contains a NUL.</summary>
    BadPath,

    /// <summary>The path has more than 107 bytes, the room in struct sockaddr_un.</summary>
    PathTooLong,

    /// <summary>The host is missing, not in brackets where it must be, or unknown.</summary>
    BadHost,

    /// <summary>The port is missing or out of range.</summary>
    BadPort,

    /// <summary>The vsock context id is not a number.</summary>
    BadCid,

    /// <summary>The filter of peers is not an address, range, user or context id.</summary>
    BadPeer,

    /// <summary>
    /// The name in xenstore is missing, too long, or contains characters that xenstore does not accept.
    /// </summary>
    BadName,

    /// <summary>The path exists and is not a socket; it is left alone.</summary>
    NotASocket,

    /// <summary>The address's transport cannot carry descriptors.</summary>
    CannotPassDescriptors,

    /// <summary>The address's transport does not lead from a KVM guest to its host.</summary>
    CannotPassPages,
}

/// <summary>An address that cannot be used.</summary>
public sealed class AddressException : DmaBufException
{
    internal AddressException(AddressFault fault, string address, string reason, string action, Exception? inner = null)
        : base($"Address,{fault}", $"Address '{address}': {reason}.", action, inner)
    {
        Fault = fault;
        Address = address;
    }

    /// <summary>What is wrong.</summary>
    public AddressFault Fault { get; }

    /// <summary>The address as given.</summary>
    public string Address { get; }
}
