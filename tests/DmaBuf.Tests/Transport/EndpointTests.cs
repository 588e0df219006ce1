using DmaBuf.Errors;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using Xunit;

namespace DmaBuf.Tests;

public sealed class EndpointTests
{
    [Theory]
    [InlineData("unix:/run/a", EndpointRole.ConnectOrListen, "/run/a")]
    [InlineData("unixd:/run/a", EndpointRole.Listen, "/run/a")]
    [InlineData("unix://unix_socket", EndpointRole.ConnectOrListen, "//unix_socket")]
    [InlineData("unixd:with:colon", EndpointRole.Listen, "with:colon")]
    public void A_unix_path_is_everything_after_the_colon(string address, EndpointRole role, string path)
    {
        var endpoint = Endpoint.Parse(address);
        Assert.Equal(
            (EndpointKind.Unix, role, path, address),
            (endpoint.Kind, endpoint.Role, endpoint.Path, endpoint.ToString()));
    }

    [Fact]
    public void A_relative_unix_path_starts_from_the_given_folder() =>
        Assert.Equal("/home/user/sock", Endpoint.Parse("unix:sock", "/home/user").Path);

    [Theory]
    [InlineData("tcp:host:1", EndpointRole.Connect, "host", 1)]
    [InlineData("tcp://10.0.3.16:8000", EndpointRole.Connect, "10.0.3.16", 8000)]
    [InlineData("tcpd:////0.0.0.0:65535", EndpointRole.Listen, "0.0.0.0", 65535)]
    [InlineData("tcp:[::1]:8000", EndpointRole.Connect, "::1", 8000)]
    [InlineData("tcpd://[fe80::1%2]:8000", EndpointRole.Listen, "fe80::1%2", 8000)]
    public void Tcp_addresses_may_have_slashes_and_take_IPv6_in_brackets(
        string address, EndpointRole role, string host, uint port)
    {
        var endpoint = Endpoint.Parse(address);
        Assert.Equal(
            (EndpointKind.Tcp, role, host, port), (endpoint.Kind, endpoint.Role, endpoint.Host, endpoint.Port));
    }

    [Theory]
    [InlineData("vsock:2:8000", EndpointRole.Connect, 2u, 8000u)]
    [InlineData("vsockd:-1:0", EndpointRole.Listen, uint.MaxValue, 0u)]
    [InlineData("vsockd://3:4294967294", EndpointRole.Listen, 3u, 4294967294u)]
    public void Vsock_addresses_name_a_context_id_and_a_port(string address, EndpointRole role, uint cid, uint port)
    {
        var endpoint = Endpoint.Parse(address);
        Assert.Equal(
            (EndpointKind.Vsock, role, cid, port), (endpoint.Kind, endpoint.Role, endpoint.Cid, endpoint.Port));
    }

    [Theory]
    [InlineData("vchan:alice:frame", EndpointRole.Connect, "alice", "frame")]
    [InlineData("vchand://0:a_b-1.2@3", EndpointRole.Listen, "0", "a_b-1.2@3")]
    [InlineData("vchan:0:/local/domain/1/data/own/path", EndpointRole.Connect, "0", "/local/domain/1/data/own/path")]
    public void Vchan_addresses_name_the_other_domain_and_a_name_or_a_path(
        string address, EndpointRole role, string domain, string name)
    {
        var endpoint = Endpoint.Parse(address);
        Assert.Equal(
            (EndpointKind.Vchan, role, domain, name), (endpoint.Kind, endpoint.Role, endpoint.Domain, endpoint.Name));
    }

    [Theory]
    [InlineData("camera")]
    [InlineData("a")]
    [InlineData("Left-eye_2.raw@30")]
    public void A_xenstore_address_is_one_name(string name)
    {
        using var carrier = Carrier.Open($"xenstore:{name}");
        Assert.Equal(
            AddressFault.CannotPassDescriptors, Assert.Throws<AddressException>(carrier.CheckPassesDescriptors).Fault);
    }

    [Theory]
    [InlineData("", AddressFault.UnknownScheme)]
    [InlineData("/run/socket", AddressFault.UnknownScheme)]
    [InlineData("http://host:80", AddressFault.UnknownScheme)]
    [InlineData("TCP:host:80", AddressFault.UnknownScheme)]
    [InlineData("unix:", AddressFault.BadPath)]
    [InlineData("unix:a\0b", AddressFault.BadPath)]
    [InlineData("tcp:host", AddressFault.BadPort)]
    [InlineData("tcp:host:", AddressFault.BadPort)]
    [InlineData("tcp:host:0", AddressFault.BadPort)]
    [InlineData("tcp:host:65536", AddressFault.BadPort)]
    [InlineData("tcp:host:-1", AddressFault.BadPort)]
    [InlineData("tcp:host:8o", AddressFault.BadPort)]
    [InlineData("tcp::8000", AddressFault.BadHost)]
    [InlineData("tcp:::1:8000", AddressFault.BadHost)]
    [InlineData("tcp:fe80::1:8000", AddressFault.BadHost)]
    [InlineData("tcp:[host]:8000", AddressFault.BadHost)]
    [InlineData("tcp:[::1]", AddressFault.BadPort)]
    [InlineData("xenstore:", AddressFault.BadName)]
    [InlineData("xenstore:a/b", AddressFault.BadName)]
    [InlineData("xenstore:a b", AddressFault.BadName)]
    [InlineData("xenstore:ä", AddressFault.BadName)]
    [InlineData("xenstore:a\0", AddressFault.BadName)]
    [InlineData("xenstore:12345678901234567890123456789012345678901234567890123456789012345", AddressFault.BadName)]
    [InlineData("vchan:alice", AddressFault.BadName)]
    [InlineData("vchan::frame", AddressFault.BadName)]
    [InlineData("vchan:alice:", AddressFault.BadName)]
    [InlineData("vchand:alice:a b", AddressFault.BadName)]
    [InlineData("vsock:2", AddressFault.BadPort)]
    [InlineData("vsock:2:4294967295", AddressFault.BadPort)]
    [InlineData("vsock:host:1", AddressFault.BadCid)]
    [InlineData("vsock:4294967296:1", AddressFault.BadCid)]
    public void A_bad_address_is_refused_with_advice(string address, AddressFault fault)
    {
        var failure = Assert.Throws<AddressException>(() => Carrier.Open(address));
        Assert.Equal(($"Address,{fault}", address), (failure.ErrorId, failure.Address));
        Assert.False(string.IsNullOrEmpty(failure.RecommendedAction));
    }

    [Fact]
    public void A_path_may_have_at_most_107_bytes()
    {
        Assert.Equal(107, Endpoint.Parse("unix:" + new string('a', 107)).Path.Length);
        Assert.Equal(
            AddressFault.PathTooLong,
            Assert.Throws<AddressException>(() => Endpoint.Parse("unix:" + new string('a', 108))).Fault);
        Assert.Equal(
            AddressFault.PathTooLong,
            Assert.Throws<AddressException>(() => Endpoint.Parse("unix:" + new string('ä', 54))).Fault);
    }
}
