namespace DmaBuf.Transport;

/// <summary>What to do at an address to connect to where nothing listens.</summary>
public enum NoListener
{
    /// <summary>Listen here if the address allows both roles, and fail otherwise.</summary>
    ListenOrFail,

    /// <summary>Listen here if the address allows both roles, and otherwise wait until something listens.</summary>
    ListenOrWait,

    /// <summary>Wait until something listens.</summary>
    Wait,
}
