using System.Globalization;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Xen;

/// <summary>
/// A domain's state as xenstore shows it. xenstore does not show whether a domain is paused, blocked or has crashed.
/// </summary>
public enum XenDomainState
{
    /// <summary>Its node <c>/local/domain/ID</c> is there, and <c>control/shutdown</c> in it is not set.</summary>
    Running,

    /// <summary>It was asked to end or to suspend (<c>control/shutdown</c>), and has not answered yet.</summary>
    ShuttingDown,
}

/// <summary>A domain of this Xen host, as far as this domain can see it.</summary>
public sealed record XenDomain
{
    private const string NameOfZero = "Domain-0";

    /// <summary>The id.</summary>
    public required ushort Id { get; init; }

    /// <summary>The name, with control characters made visible; null where this domain may not read it.</summary>
    public string? Name { get; init => field = value is null ? null : VisibleText.Of(value); }

    /// <summary>pv, pvh or hvm, or null where it is not known.</summary>
    public string? Type { get; init; }

    /// <summary>Its state as xenstore shows it, or null where this domain may not read it.</summary>
    public XenDomainState? State { get; init; }

    /// <summary>True for the domain that this process runs in.</summary>
    public required bool IsOwn { get; init; }

    /// <summary>This domain's id. Errors: <see cref="KernelException"/> (open: not a Xen domain).</summary>
    public static ushort OwnId(XenStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        // dom0 may have no "domid" node; every other domain has one.
        var text = store.Read("domid");
        return text is null ? (ushort)0 : ushort.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>The domains that this one can see: in dom0 all of them, elsewhere itself and dom0.</summary>
    public static IReadOnlyList<XenDomain> All(XenStore store)
    {
        var own = OwnId(store);
        var ids = own == 0
            ? store.List("/local/domain")
                .Where(text => TryParseId(text, out _))
                .Select(text => ushort.Parse(text, CultureInfo.InvariantCulture))
            : [0, own];
        return [.. ids.Distinct().Order().Select(id => Describe(store, id, own))];
    }

    /// <summary>The id of a domain given by id or by name.</summary>
    /// <exception cref="DomainException">
    /// Unknown: neither an id nor the name of a domain that this one sees.
    /// </exception>
    public static ushort Find(XenStore store, string idOrName)
    {
        if (TryParse(idOrName, out var id))
            return id;
        var name = VisibleText.Of(idOrName);
        var named = All(store).Where(domain => domain.Name == name).ToList();
        return named.Count == 1
            ? named[0].Id
            : throw NotSeen(idOrName);
    }

    /// <summary>
    /// The ids of this domain and of the domain to share with, given by id or by name. The kernel also grants to
    /// domains that do not exist, so dom0, which sees all domains, checks first; other domains cannot check.
    /// </summary>
    /// <exception cref="DomainException">Unknown, Own.</exception>
    public static (ushort Own, ushort Peer) FindPeer(string idOrName, WaitLimit limit)
    {
        using var store = XenStore.Open(limit);
        var (own, peer) = FindOther(store, idOrName);
        return own != 0 || Exists(store, peer) ? (own, peer) : throw NotThere(idOrName);
    }

    /// <summary>
    /// The ids of this domain and of the domain to import from, given by id or by name. What a domain shared can
    /// outlive it, so it need not exist any more.
    /// </summary>
    /// <exception cref="DomainException">Unknown: this domain sees none of that name. Own.</exception>
    public static (ushort Own, ushort Exporter) FindExporter(string idOrName, WaitLimit limit)
    {
        using var store = XenStore.Open(limit);
        return FindOther(store, idOrName);
    }

    /// <summary>
    /// The id of a domain given by id, or as <c>dom0</c> or <c>Domain-0</c>, which are domain 0 everywhere: a guest may
    /// not read its name.
    /// </summary>
    public static bool TryParse(string idOrName, out ushort id)
    {
        id = 0;
        return idOrName is "dom0" or NameOfZero || TryParseId(idOrName, out id);
    }

    /// <summary>Parses a domain's id: a number below the reserved ones of xen/include/public/xen.h.</summary>
    public static bool TryParseId(string text, out ushort id)
    {
        const ushort DOMID_FIRST_RESERVED = 0x7FF0;
        return ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id)
            && id < DOMID_FIRST_RESERVED;
    }

    /// <summary>Whether this domain sees the other's node, which is removed with the other domain.</summary>
    internal static bool Exists(XenStore store, ushort id) => store.ReadIfAllowed(Node(id)) is not null;

    internal static string Node(ushort id) => $"/local/domain/{id}";

    /// <summary>The error about a domain that this one does not see.</summary>
    public static DomainException NotSeen(string idOrName) => new(
        DomainFault.Unknown,
        idOrName,
        $"This domain sees no domain '{idOrName}'.",
        "Give the id or the name of a domain that this one can see.");

    /// <summary>The error about a domain that does not exist.</summary>
    internal static DomainException NotThere(string idOrName) => new(
        DomainFault.Unknown,
        idOrName,
        $"There is no domain '{idOrName}'.",
        "Give the id or the name of a domain that is running.");

    /// <summary>The refusal to share with this domain itself: Xen would not let anyone map such grants.</summary>
    private static DomainException ToOneself(ushort own) => new(
        DomainFault.Own,
        $"{own}",
        $"Domain {own} is this domain itself.",
        "Hand the buffer's descriptor to a process of this domain over a unix socket.");

    private static (ushort Own, ushort Other) FindOther(XenStore store, string idOrName)
    {
        var own = OwnId(store);
        var other = Find(store, idOrName);
        return other != own ? (own, other) : throw ToOneself(own);
    }

    private static XenDomain Describe(XenStore store, ushort id, ushort own) => new()
    {
        Id = id,
        IsOwn = id == own,
        Name = store.ReadIfAllowed($"{Node(id)}/name") ?? (id == 0 ? NameOfZero : null),
        State = !Exists(store, id) ? null
            : string.IsNullOrEmpty(store.ReadIfAllowed($"{Node(id)}/control/shutdown")) ? XenDomainState.Running
            : XenDomainState.ShuttingDown,
        Type = id == own
            ? SysFile.Read("/sys/hypervisor/guest_type")?.ToLowerInvariant()
            : store.ReadIfAllowed($"/libxl/{id}/type"),
    };
}
