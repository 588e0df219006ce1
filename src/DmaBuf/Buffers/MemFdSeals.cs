using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>Seals of a memfd (F_ADD_SEALS in fcntl(2)), each of which forbids something from then on.</summary>
[Flags]
public enum MemFdSeals
{
    /// <summary>No seal. udmabuf refuses such a memfd, and so does a careful receiver.</summary>
    None = 0,

    /// <summary>F_SEAL_SEAL: no further seals.</summary>
    Seal = Fcntl.F_SEAL_SEAL,

    /// <summary>F_SEAL_SHRINK: the size cannot be reduced. udmabuf requires it.</summary>
    Shrink = Fcntl.F_SEAL_SHRINK,

    /// <summary>F_SEAL_GROW: the size cannot be increased.</summary>
    Grow = Fcntl.F_SEAL_GROW,

    /// <summary>F_SEAL_WRITE: the content cannot be changed. udmabuf refuses it.</summary>
    Write = Fcntl.F_SEAL_WRITE,

    /// <summary>F_SEAL_FUTURE_WRITE: the content can only be changed through mappings that already exist.</summary>
    FutureWrite = Fcntl.F_SEAL_FUTURE_WRITE,
}
