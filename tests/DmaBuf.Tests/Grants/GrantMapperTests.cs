using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Interop;
using DmaBuf.Waits;
using DmaBuf.Xen;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Mappings of a real grant device, in dom0 of the emulated Xen host.</summary>
[Trait("Needs", "Xen")]
public sealed class GrantMapperTests
{
    [Fact]
    public void Failed_mappings_leave_nothing_in_the_device()
    {
        Requires.Xen();
        using var limit = new WaitLimit(TimeSpan.FromSeconds(60));
        using var store = XenStore.Open(limit);
        var grants = new GrantRefs
        {
            Domain = XenDomain.All(store).First(domain => !domain.IsOwn).Id,
            PeerDomain = XenDomain.OwnId(store),
            // Beyond every grant table.
            Refs = [uint.MaxValue - 2, uint.MaxValue - 1],
        };
        using var device = GrantMapper.OpenDevice();
        for (var i = 0; i < 10; i++)
            Assert.Equal("mmap,EINVAL", Assert.Throws<KernelException>(() => GrantMapper.Map(device, grants)).ErrorId);
        // The driver gives what it prepares the lowest offset that is free.
        Assert.Equal(0, Gntdev.MapRefs(device, grants.Domain, grants.Refs.ToArray()));
    }
}
