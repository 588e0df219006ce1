using System.Management.Automation;
using Xunit;

namespace DmaBufPS.Tests.Arguments;

/// <summary>Tests that references from a file, a job or a remote session bind as the real type again.</summary>
public sealed class GrantRefsArgumentTests : ModuleTest
{
    /// <summary>Every cmdlet that takes references and, even without Xen, shows what it received.</summary>
    public static readonly TheoryData<string> Takers =
    [
        "$bag | Revoke-GrantRefs",
        "Revoke-GrantRefs $bag",
        "Revoke-GrantRefs -InputObject $bag",
        "[pscustomobject]@{ InputObject = $bag } | Revoke-GrantRefs",
        "$bag | Wait-DmaBufRelease",
        "Wait-DmaBufRelease $bag",
    ];

    public GrantRefsArgumentTests()
    {
        Shell.Run("""
            $refs = [DmaBuf.Grants.GrantRefs]@{
                Domain = 3; PeerDomain = 65535; Refs = [uint32[]](8, 9, 4294967295); Directory = 77
            }
            """);
        Keep(PSSerializer.Serialize(Shell.Run("$refs")[0]));
    }

    [Fact]
    public void Serialization_turns_references_into_a_property_bag() =>
        Assert.Equal("Deserialized.DmaBuf.Grants.GrantRefs", $"{Shell.Run("$bag.PSObject.TypeNames[0]")[0]}");

    [Theory]
    [MemberData(nameof(Takers))]
    public void A_bag_binds_as_the_real_type_with_all_its_content(string command)
    {
        var error = Shell.ErrorOf(command);
        Assert.Equal("Buffer,NoLease", error.Id());
        AssertAreTheSame(error.TargetObject);
    }

    [Theory]
    [MemberData(nameof(Takers))]
    public void A_list_of_bags_and_real_references_binds_too(string command)
    {
        Shell.Run("$bag = $bag, $refs");
        Shell["ErrorActionPreference"] = "SilentlyContinue";
        Shell.Run("$Error.Clear()");
        using var running = Shell.Start(command);
        running.Finish();
        Assert.Equal(2, Shell.Run("$Error").Count);
        foreach (var error in Shell.Run("$Error"))
            AssertAreTheSame(((ErrorRecord)error.BaseObject).TargetObject);
    }

    [Fact]
    public void A_bag_is_sent_and_passed_on_as_the_real_type()
    {
        using var sending = Shell.Start("$bag | Send-DmaBufFd unixd:$socket -Wait -PassThru");
        using (var peer = Peers.Connect(SocketPath))
        {
            var words = new byte[16];
            var received = 0;
            while (received < words.Length)
                received += peer.Receive(words.AsSpan(received));
            Assert.Equal([3, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 255, 255, 255, 255], words);
        }

        AssertAreTheSame(Assert.Single(sending.FinishWithoutError()));
    }

    [Fact]
    public void A_bag_of_a_bag_binds_too()
    {
        Keep(PSSerializer.Serialize(Shell.Run("$bag")[0]));
        AssertAreTheSame(Shell.ErrorOf("$bag | Revoke-GrantRefs").TargetObject);
    }

    [Fact]
    public void Text_is_taken_for_the_name_of_a_buffer_where_a_buffer_can_be_given()
    {
        Assert.Equal("Buffer,NotFound", Shell.ErrorOf("Revoke-GrantRefs '8, 9'").Id());
        Assert.Equal("Buffer,NotFound", Shell.ErrorOf("Wait-DmaBufRelease '8, 9'").Id());
        Assert.Equal("Buffer,NotFound", Shell.ErrorOf("Send-DmaBufFd unixd:$socket -InputObject '8, 9'").Id());
    }

    [Theory]
    [InlineData("42")]
    [InlineData("[pscustomobject]@{ Domain = 3; PeerDomain = 5; Refs = 1, 2 }")]
    [InlineData("@{ Refs = 1 }")]
    public void Nothing_else_is_mistaken_for_references(string value)
    {
        string[] commands = ["Revoke-GrantRefs", "Wait-DmaBufRelease", "Send-DmaBufFd unixd:$socket -InputObject"];
        foreach (var command in commands)
        {
            var error = Shell.ErrorOf($"{command} ({value})");
            Assert.IsType<ParameterBindingException>(error.Exception, exactMatch: false);
        }
    }

    /// <summary>Sets <c>$bag</c> to what another process would read.</summary>
    private void Keep(string text) => Shell["bag"] = PSSerializer.Deserialize(text);

    private static void AssertAreTheSame(object grants)
    {
        var refs = PSObject.AsPSObject(grants);
        Assert.Equal("DmaBuf.Grants.GrantRefs", refs.BaseObject.GetType().FullName);
        Assert.Equal((ushort)3, refs.Properties["Domain"].Value);
        Assert.Equal(ushort.MaxValue, refs.Properties["PeerDomain"].Value);
        Assert.Equal([8, 9, uint.MaxValue], (IEnumerable<uint>)refs.Properties["Refs"].Value);
        Assert.Equal(77u, refs.Properties["Directory"].Value);
    }
}
