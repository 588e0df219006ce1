using DmaBuf.Errors;
using DmaBuf.Xen;
using Xunit;

namespace DmaBuf.Tests;

public sealed class AdviceTests
{
    [Theory]
    [InlineData(null, "Load the module with 'modprobe x-y', or use a kernel with CONFIG_X_Y.")]
    [InlineData("m", "Load the module with 'modprobe x-y'.")]
    [InlineData("", "This kernel has no such driver: use a kernel with CONFIG_X_Y.")]
    [InlineData("y", "This kernel has the driver, but /dev/x is missing")]
    public void The_advice_for_a_missing_device_depends_on_how_the_kernel_was_built(string? value, string advice) =>
        Assert.StartsWith(
            advice, MissingDriver.Action("/dev/x", "x-y", "CONFIG_X_Y", value), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "0 pages")]
    [InlineData(1, "1 page")]
    [InlineData(2, "2 pages")]
    public void One_thing_is_not_called_many(long count, string text) => Assert.Equal(text, Quantity.Of(count, "page"));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("dom0", 0)]
    [InlineData("Domain-0", 0)]
    [InlineData("7", 7)]
    public void Ids_and_the_names_of_dom0_need_no_xenstore(string text, int id)
    {
        Assert.True(XenDomain.TryParse(text, out var parsed));
        Assert.Equal(id, parsed);
    }

    [Theory]
    [InlineData("Dom1")]
    [InlineData("camera")]
    [InlineData("32752")]
    public void Other_names_do(string text) => Assert.False(XenDomain.TryParse(text, out _));
}
