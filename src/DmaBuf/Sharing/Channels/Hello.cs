namespace DmaBuf.Sharing.Channels;

/// <summary>What a side says of itself when a channel opens.</summary>
internal readonly record struct Hello
{
    /// <summary>'DMAC' in memory order.</summary>
    public const uint Magic = 0x43414d44;

    /// <summary>The version that this code speaks.</summary>
    public const ushort Current = 1;

    public Hello()
    {
    }

    /// <summary>The newest version that it speaks.</summary>
    public ushort Version { get; init; } = Current;

    /// <summary>The oldest version that it speaks.</summary>
    public ushort OldestVersion { get; init; } = Current;

    /// <summary>Its domain, or <see cref="ShareId.NoDomain"/>.</summary>
    public ushort Domain { get; init; } = ShareId.NoDomain;

    /// <summary>The ways in which it can send and take pages.</summary>
    public PageKinds Pages { get; init; }

    /// <summary>The bytes of a page of its kernel.</summary>
    public uint PageSize { get; init; } = (uint)Environment.SystemPageSize;

    /// <summary>How many live shares it takes.</summary>
    public uint MaxShares { get; init; }
}
