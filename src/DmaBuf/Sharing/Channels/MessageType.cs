namespace DmaBuf.Sharing.Channels;

/// <summary>
/// The messages of a channel; see docs/protocol.md. E: from the exporter of a share, I: from its importer.
/// </summary>
internal enum MessageType : ushort
{
    /// <summary>The first message of both sides.</summary>
    Hello = 1,

    /// <summary>The last message of a side that disconnects in good order.</summary>
    Bye = 2,

    /// <summary>The last message of a side that saw the other break the protocol.</summary>
    Error = 3,

    /// <summary>E: a new share.</summary>
    Publish = 16,

    /// <summary>E: a share's metadata, which may have changed; it also takes back Unpublish.</summary>
    Update = 17,

    /// <summary>E: the share takes no new imports, at once or after a delay.</summary>
    Unpublish = 18,

    /// <summary>E: the share has ended.</summary>
    Unpublished = 19,

    /// <summary>E: the answer to Import, with pages or a descriptor.</summary>
    Pages = 20,

    /// <summary>E: the answer to Acquire.</summary>
    Acquired = 21,

    /// <summary>E: the answer to Import or Acquire where it cannot be; I: to Publish.</summary>
    Refused = 22,

    /// <summary>I: asks for the pages.</summary>
    Import = 32,

    /// <summary>I: has the pages and uses them.</summary>
    Imported = 33,

    /// <summary>I: could not use the pages, and has let them go.</summary>
    ImportFailed = 34,

    /// <summary>I: asks to use the buffer again.</summary>
    Acquire = 35,

    /// <summary>I: has stopped using the buffer, and keeps it.</summary>
    Release = 36,

    /// <summary>I: has let the pages go.</summary>
    Removed = 37,
}

/// <summary>What is refused, and why.</summary>
internal enum RefusalReason : ushort
{
    /// <summary>No such share.</summary>
    Unknown = 1,

    /// <summary>The share takes no new imports.</summary>
    Unpublished = 2,

    /// <summary>The other side takes no further shares.</summary>
    TooMany = 3,

    /// <summary>The pages cannot be shared.</summary>
    NoPages = 4,
}

/// <summary>How pages cross.</summary>
[Flags]
internal enum PageKinds : ushort
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>As a descriptor, over a unix socket.</summary>
    Descriptor = 1,

    /// <summary>As grant references, between Xen domains.</summary>
    GrantRefs = 2,

    /// <summary>As page frames of a KVM guest.</summary>
    GuestPages = 4,
}

/// <summary>The sizes of messages.</summary>
internal static class MessageLimits
{
    /// <summary>u16 type, u16 flags, u32 bytes of the body.</summary>
    public const int Header = 8;

    /// <summary>The most bytes of a body.</summary>
    public const int Body = 4096;

    /// <summary>The flag of a message that a side which does not know it skips.</summary>
    public const ushort Optional = 1;

    /// <summary>The most bytes of a text in a message.</summary>
    public const int Text = 256;

    /// <summary>The most references in one <see cref="MessageType.Pages"/> message.</summary>
    public const int RefsPerMessage = 1000;

    /// <summary>The most ranges of a guest's pages in one <see cref="MessageType.Pages"/> message.</summary>
    public const int RangesPerMessage = 250;

    /// <summary>The most ranges of a guest's pages that are taken: more than udmabuf takes, unless told to.</summary>
    public const int Ranges = 1 << 16;
}
