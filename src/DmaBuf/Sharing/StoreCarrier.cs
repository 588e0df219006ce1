using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>Hand-offs of references through nodes in xenstore, for domains without a network in common.</summary>
internal sealed class StoreCarrier : Carrier
{
    /// <summary>The scheme, before the colon.</summary>
    public const string Scheme = "xenstore";

    private const int MaxName = 64;
    private readonly string _address;
    private readonly string _name;

    private StoreCarrier(string address, string name)
    {
        _address = address;
        _name = name;
    }

    /// <summary>
    /// Parses an address. Its name is one element of a path in xenstore, and consists of the characters allowed there.
    /// </summary>
    /// <exception cref="AddressException">BadName, BadPeer.</exception>
    public static StoreCarrier Parse(string address, string? from)
    {
        var name = address[(Scheme.Length + 1)..];
        if (name.Length is 0 or > MaxName || !name.All(IsAllowed))
        {
            throw new AddressException(
                AddressFault.BadName,
                address,
                $"'{name}' is not a name of 1 to {MaxName} letters, digits, '-', '_', '.' or '@'",
                "Use the same name on both sides, such as xenstore:camera.");
        }

        return from is null ? new StoreCarrier(address, name) : throw new AddressException(
            AddressFault.BadPeer,
            from,
            "in xenstore, references reach only the domain that they are for",
            "Leave it out.");
    }

    public override void CheckPassesDescriptors() => throw DescriptorHandOff.CannotPass(_address);

    public override IReleaseLink Send(DmaBuffer buffer, WaitLimit limit) =>
        throw DescriptorHandOff.CannotPass(_address);

    public override IReleaseLink Send(SharedPages pages, WaitLimit limit, Action? check) =>
        StoreOffer.Send(_address, _name, pages as GrantRefs ?? throw NoGuests(), limit, check);

    public override DmaBuffer Receive(WaitLimit limit) => throw DescriptorHandOff.CannotPass(_address);

    public override DmaBuffer Receive(string domain, ImportMethod method, WaitLimit limit)
    {
        var (_, exporter) = XenDomain.FindExporter(domain, limit);
        return StoreClaim.Receive(_address, _name, exporter, method, limit);
    }

    public override DmaBuffer Receive(GuestMemory guest, bool allowAnyPeer, WaitLimit limit) => throw NoGuests();

    private AddressException NoGuests() => new(AddressFault.CannotPassPages, _address,
        "a KVM guest and its host have no xenstore",
        "Use vsock: or vsockd: between a guest and its host.");

    private static bool IsAllowed(char c) =>
        char.IsAsciiLetterOrDigit(c) || "-_.@".Contains(c, StringComparison.Ordinal);
}
