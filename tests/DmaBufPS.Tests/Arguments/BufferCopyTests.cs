using System.Management.Automation;
using Xunit;

namespace DmaBufPS.Tests.Arguments;

/// <summary>Tests what cmdlets do with the copy that remoting, a job or Clixml makes of a buffer.</summary>
public sealed class BufferCopyTests : ModuleTest
{
    public BufferCopyTests()
    {
        NewBuffer(name: "frame");
        Shell["copy"] = Deserialize("$buffer");
        // What a remote New-GrantBuf returns, without Xen: any object that PowerShell takes for a buffer.
        Shell.Run("""
            $made = [pscustomobject]@{ Size = 40960; PageCount = 10; Origin = 'GrantAlloc'; Domain = 5; Shared = $refs }
            $made.PSObject.TypeNames.Insert(0, 'DmaBuf.Buffers.DmaBuffer')
            """);
        Shell["granted"] = Deserialize("$made");
    }

    [Theory]
    [InlineData("$copy | Write-DmaBufContent x")]
    [InlineData("Write-DmaBufContent x -InputObject $copy")]
    [InlineData("$copy | Read-DmaBufContent")]
    [InlineData("Read-DmaBufContent $copy")]
    [InlineData("Remove-DmaBuf $copy")]
    [InlineData("Remove-DmaBuf $buffer, $copy")]
    [InlineData("$copy | Send-DmaBufFd unixd:$socket")]
    [InlineData("$copy | Wait-DmaBufRelease")]
    [InlineData("$copy | Export-GrantRefs -Domain 1")]
    [InlineData("$copy | Import-GrantRefs")]
    [InlineData("Revoke-GrantRefs $copy")]
    [InlineData("$copy | New-UDmaBuf -Backing MemFd")]
    [InlineData("$copy | New-GrantBuf -Domain 1")]
    [InlineData("$copy | New-DmaHeapBuf")]
    [InlineData("New-UDmaBuf -MemFd $copy")]
    [InlineData("Compare-DmaBufContent $buffer $copy")]
    public void A_copy_is_refused_with_the_way_to_the_memory(string command)
    {
        var message = Shell.ErrorOf(command).Exception.Message;
        Assert.Contains("memfd 'frame' of 4096 bytes", message, StringComparison.Ordinal);
        Assert.Contains("belongs to another process", message, StringComparison.Ordinal);
        Assert.Contains("Receive-DmaBuf", message, StringComparison.Ordinal);
        Assert.Single(Shell.Run("Get-DmaBuf frame"));
    }

    [Theory]
    [InlineData("$granted | Write-DmaBufContent x")]
    [InlineData("$granted | Send-DmaBufFd unixd:$socket")]
    [InlineData("$granted | Revoke-GrantRefs")]
    [InlineData("Revoke-GrantRefs $granted")]
    public void A_copy_of_granted_pages_is_refused_with_the_way_to_import_them(string command) =>
        Assert.Contains("Import-GrantRefs", Shell.ErrorOf(command).Exception.Message, StringComparison.Ordinal);

    [Fact]
    public void The_references_of_a_copy_of_granted_pages_bind()
    {
        var error = Shell.ErrorOf("Revoke-GrantRefs $granted.Grants");
        Assert.Equal("Buffer,NoLease", error.Id());
        Shell["revoked"] = error.TargetObject;
        Assert.Equal(true, Shell.Run("$revoked -eq $refs")[0].BaseObject);
    }

    [Theory]
    [InlineData("$granted | Import-GrantRefs")]
    [InlineData("Import-GrantRefs $granted, $refs -Name mine")]
    [InlineData("Import-GrantRefs 8, 9 -Domain 1")]
    public void References_bind_to_an_import_in_each_form(string command)
    {
        Requires.NoXen(Shell);
        Assert.Equal("open,ENOENT", Shell.ErrorOf(command).Id());
    }

    [Fact]
    public void A_copy_prints_as_one()
    {
        var printed = Shell.Print("$copy");
        Assert.Contains("Copy of: a buffer of another process", printed[0], StringComparison.Ordinal);
        Assert.DoesNotContain("Fd", printed[1], StringComparison.Ordinal);
        Assert.StartsWith("frame", printed[3], StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_show_the_domain_that_shares_a_buffer() =>
        Assert.Contains("GrantAlloc (domain 5)", string.Concat(Shell.Print("$granted")), StringComparison.Ordinal);

    private object Deserialize(string buffer) =>
        PSSerializer.Deserialize(PSSerializer.Serialize(Shell.Run(buffer)[0], 1));
}
