using DmaBuf.Grants;
using Xunit;

namespace DmaBuf.Tests;

public sealed class ExportHazardTests
{
    [Theory]
    [InlineData(null, false, "", null)]
    [InlineData("PVH", false, "console=hvc0", null)]
    [InlineData("PV", true, "console=hvc0", null)]
    [InlineData("PV", true, "swiotlb=noforce", null)]
    [InlineData("PV", true, "quiet swiotlb=force", "snapshot")]
    [InlineData("PV", true, "swiotlb=65536,force", "snapshot")]
    [InlineData("PV", false, "quiet iommu=soft", null)]
    [InlineData("PV", false, "quiet swiotlb=force", "iommu=soft")]
    [InlineData("PV", false, "", "wrong pages")]
    [InlineData("PV", false, "iommu=soft,nomerge", null)]
    [InlineData("PV", false, "iommu=soft swiotlb=force", "snapshot")]
    [InlineData("PVH", false, "swiotlb=force", "snapshot")]
    [InlineData(null, false, "swiotlb=force", null)]
    public void Domains_that_would_share_the_wrong_pages_get_a_warning(
        string? type, bool isDom0, string commandLine, string? warning)
    {
        var found = ExportHazard.Find(type, isDom0, commandLine);
        if (warning is null)
            Assert.Null(found);
        else
            Assert.Contains(warning, found, StringComparison.Ordinal);
    }
}
