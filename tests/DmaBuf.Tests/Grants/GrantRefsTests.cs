using DmaBuf.Buffers;
using DmaBuf.Grants;
using Xunit;

namespace DmaBuf.Tests;

public sealed class GrantRefsTests
{
    [Fact]
    public void References_are_equal_where_their_numbers_are()
    {
        var one = new GrantRefs { Domain = 1, PeerDomain = 2, Refs = [8, 9] };
        var same = new GrantRefs { Domain = 1, PeerDomain = 2, Refs = new List<uint> { 8, 9 } };
        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, one with { Refs = [8, 10] });
        Assert.NotEqual(one, one with { PeerDomain = 3 });
        Assert.NotEqual(one, one with { Directory = 7 });
    }

    [Fact]
    public void Exporting_a_memfd_of_terabytes_does_not_allocate_a_reference_for_each_page()
    {
        const long TiB = 1L << 40;
        using var sparse = DmaBuffer.AdoptReceived(MemFdAllocator.Create(8 * TiB, new MemFdOptions()));
        Assert.Equal(8 * TiB, sparse.Size);
        Assert.Equal(GrantMapper.MostPages, GrantExport.RoomForRefs(sparse).Length);
        using var small = Buffers.New(8192);
        Assert.Equal(2, GrantExport.RoomForRefs(small).Length);
    }
}
