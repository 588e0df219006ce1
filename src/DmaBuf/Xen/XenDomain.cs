using System.Globalization;

namespace DmaBuf;

/// <summary>A domain of this Xen host, as far as this domain may see it.</summary>
public sealed record XenDomain
{
    /// <summary>The id.</summary>
    public required ushort Id { get; init; }

    /// <summary>The name, or null where this domain may not read it.</summary>
    public string? Name { get; init; }

    /// <summary>pv, pvh or hvm, or null where it is not known.</summary>
    public string? Type { get; init; }

    /// <summary>True for the domain that asks.</summary>
    public required bool IsOwn { get; init; }

    /// <summary>This domain's id. Errors: <see cref="KernelException"/> (open: no domain of Xen).</summary>
    public static ushort OwnId(XenStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        // dom0's socket knows no "domid" of the asker; the node exists for domains that have one.
        var text = store.Read("domid");
        return text is null ? (ushort)0 : ushort.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>The domains that this one can see: all of them in dom0, else itself and dom0.</summary>
    public static IReadOnlyList<XenDomain> All(XenStore store)
    {
        var own = OwnId(store);
        IEnumerable<ushort> ids = own == 0
            ? store.List("/local/domain").Select(text => ushort.Parse(text, CultureInfo.InvariantCulture))
            : [0, own];
        return [.. ids.Distinct().Order().Select(id => Describe(store, id, own))];
    }

    /// <summary>The id of a domain given by id or by name.</summary>
    /// <exception cref="AddressException">UnknownDomain: this domain sees none of that name.</exception>
    public static ushort Find(XenStore store, string idOrName)
    {
        if (ushort.TryParse(idOrName, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return id;
        var named = All(store).Where(domain => domain.Name == idOrName).ToList();
        return named.Count == 1
            ? named[0].Id
            : throw new AddressException(AddressFault.UnknownDomain, idOrName, "this domain sees no domain of that name",
                "Give the domain's id; Get-XenDomain lists the domains that can be seen.");
    }

    private static XenDomain Describe(XenStore store, ushort id, ushort own) => new()
    {
        Id = id,
        IsOwn = id == own,
        Name = ReadIfAllowed(store, $"/local/domain/{id}/name"),
        Type = id == own
            ? SysFile.Read("/sys/hypervisor/guest_type")?.ToLowerInvariant()
            : ReadIfAllowed(store, $"/libxl/{id}/type"),
    };

    private static string? ReadIfAllowed(XenStore store, string path)
    {
        try
        {
            return store.Read(path);
        }
        catch (XenStoreException e) when (e.ErrnoName == "EACCES")
        {
            return null;
        }
    }
}
