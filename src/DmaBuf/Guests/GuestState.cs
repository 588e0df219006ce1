namespace DmaBuf.Guests;

/// <summary>How far the host has got with the memory of a guest.</summary>
public enum GuestState
{
    /// <summary>QEMU is not connected.</summary>
    Waiting,

    /// <summary>QEMU is connected, and the guest's driver does not run the device: it boots, or was reset.</summary>
    Connected,

    /// <summary>The guest runs, and its pages can be imported.</summary>
    Ready,

    /// <summary>The session gave the guest's memory up.</summary>
    Ended,
}
