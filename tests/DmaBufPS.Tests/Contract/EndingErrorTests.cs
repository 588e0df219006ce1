using Xunit;

namespace DmaBufPS.Tests.Contract;

/// <summary>
/// Tests that a fault ends the command in every cmdlet or in none: it does if no other object could succeed.
/// </summary>
public sealed class EndingErrorTests : ModuleTest
{
    public EndingErrorTests() => NewBuffer();

    [Theory]
    [InlineData("Receive-DmaBuf http:host:1")]
    [InlineData("$buffer | Send-DmaBufFd http:host:1")]
    [InlineData("$refs | Send-DmaBufFd xenstore:a/b")]
    [InlineData("Receive-DmaBuf xenstore:a/b -Domain 1")]
    [InlineData("Receive-DmaBuf unixd:/dev/null")]
    [InlineData("$buffer | Send-DmaBufFd unixd:/dev/null")]
    [InlineData("$buffer | Send-DmaBufFd unixd:$socket -From nobody.known")]
    public void A_fault_of_the_address_ends_the_command(string command) => AssertEnds(command, "Address,");

    [Theory]
    [InlineData("New-GrantBuf 4KB -Domain 1")]
    [InlineData("$buffer | Export-GrantRefs -Domain 1")]
    [InlineData("$refs | Import-GrantRefs")]
    [InlineData("Receive-DmaBuf xenstore:frame -Domain 1")]
    [InlineData("Receive-DmaBuf tcpd:127.0.0.1:1 -Domain 1")]
    [InlineData("$refs | Send-DmaBufFd xenstore:frame")]
    [InlineData("$refs | Send-DmaBufFd unixd:$socket -Domain named")]
    [InlineData("Get-GrantRefs named")]
    [InlineData("Get-XenDomain")]
    public void A_missing_xenstore_ends_the_command(string command)
    {
        Requires.NoXen(Shell);
        AssertEnds(command, "open,ENOENT");
    }

    [Theory]
    [InlineData("Receive-DmaBuf tcp:host:1")]
    [InlineData("$buffer | Send-DmaBufFd tcp:host:1")]
    [InlineData("$buffer | Send-DmaBufFd unix:/none/s")]
    [InlineData("Receive-DmaBuf unix:/none/s")]
    [InlineData("$refs | Revoke-GrantRefs")]
    [InlineData("New-UDmaBuf 100")]
    public void Other_faults_do_not(string command) => Assert.Equal("goes on", Outcome(command));

    private void AssertEnds(string command, string id) =>
        Assert.StartsWith(id, Outcome(command), StringComparison.Ordinal);

    private string Outcome(string command) => $"{Shell.Run($$"""
        try { $null = {{command}} -ErrorAction SilentlyContinue; 'goes on' } catch { $_.FullyQualifiedErrorId }
        """)[0]}";
}
