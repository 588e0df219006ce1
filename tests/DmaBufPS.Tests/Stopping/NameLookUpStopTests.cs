using Xunit;

namespace DmaBufPS.Tests.Stopping;

public sealed class NameLookUpStopTests : ModuleTest
{
    [Theory]
    [InlineData("tcp")]
    [InlineData("tcpd")]
    public void Send_DmaBufFd_stops_while_it_waits_for_a_name_server(string scheme)
    {
        Requires.NameService();
        using var lookUp = new HangingLookUp(Folder.Pipe("aliases"));
        var before = Descriptors.Now();
        using (var sending = Shell.Start($"$refs | Send-DmaBufFd {scheme}:nosuchhost:8000"))
        {
            lookUp.AwaitBegin();
            sending.Stop();
        }

        // The C library's thread continues the look-up, which nothing can end.
        before.AssertNoMoreBut(lookUp.Pipe);
    }
}
