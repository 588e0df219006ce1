using Xunit;

namespace DmaBufPS.Tests.Stopping;

public sealed class NameLookUpStopTests : ModuleTest
{
    [Theory]
    [InlineData("tcp")]
    [InlineData("tcpd")]
    public void Send_DmaBufFd_stops_while_no_name_server_tells_the_hosts_address(string scheme)
    {
        Requires.NameService();
        using var lookUp = new HangingLookUp(Folder.Pipe("aliases"));
        var before = Descriptors.Now();
        using (var sending = Shell.Start($"$refs | Send-DmaBufFd {scheme}:nosuchhost:8000"))
        {
            lookUp.AwaitBegin();
            sending.Stop();
        }

        // The C library's thread goes on with the look-up, which nothing can end.
        before.AssertNoMoreBut(lookUp.Pipe);
    }
}
