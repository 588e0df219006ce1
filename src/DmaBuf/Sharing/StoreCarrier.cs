using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>Hand-offs of references by nodes in xenstore, between domains that share no network: no stream.</summary>
internal sealed class StoreCarrier : Carrier
{
    /// <summary>What stands before the colon.</summary>
    public const string Scheme = "xenstore";

    private const int MaxName = 64;
    private readonly string _address;
    private readonly string _name;

    private StoreCarrier(string address, string name)
    {
        _address = address;
        _name = name;
    }

    /// <summary>The name is one part of a path in xenstore, of the characters that it takes in paths.</summary>
    /// <exception cref="AddressException">BadName, BadPeer.</exception>
    public static StoreCarrier Parse(string address, string? from)
    {
        var name = address[(Scheme.Length + 1)..];
        if (name.Length is 0 or > MaxName || !name.All(c => char.IsAsciiLetterOrDigit(c) || "-_.@".Contains(c, StringComparison.Ordinal)))
        {
            throw new AddressException(AddressFault.BadName, address,
                $"'{name}' is no name of 1 to {MaxName} letters, digits, '-', '_', '.' or '@'", "Use one name on both sides, such as xenstore:camera.");
        }

        return from is null ? new StoreCarrier(address, name) : throw new AddressException(AddressFault.BadPeer, from,
            "by xenstore references reach the domain that they are for, and no other", "Leave it out.");
    }

    public override void CheckPassesDescriptors() => throw DescriptorHandOff.CannotPass(_address);

    public override IReleaseLink Send(DmaBuffer buffer, WaitLimit limit) => throw DescriptorHandOff.CannotPass(_address);

    public override IReleaseLink Send(GrantRefs grants, WaitLimit limit, Action? check)
    {
        check?.Invoke();
        return StoreOffer.Send(_address, _name, grants, limit);
    }

    public override DmaBuffer Receive(WaitLimit limit) => throw DescriptorHandOff.CannotPass(_address);

    public override DmaBuffer Receive(string domain, ImportMethod method, WaitLimit limit)
    {
        var (_, exporter) = XenDomain.FindExporter(domain, limit);
        return StoreClaim.Receive(_address, _name, exporter, method, limit);
    }
}
