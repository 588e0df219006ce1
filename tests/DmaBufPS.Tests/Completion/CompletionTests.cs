using Xunit;

namespace DmaBufPS.Tests.Completion;

public sealed class CompletionTests : ModuleTest
{
    private static readonly string[] s_schemes =
        ["unix:", "unixd:", "tcp:", "tcpd:", "vsock:", "vsockd:", "vchan:", "vchand:", "xenstore:"];

    [Theory]
    [InlineData("Receive-DmaBuf ")]
    [InlineData("Receive-DmaBuf -Address ")]
    [InlineData("$buffer | Send-DmaBufFd ")]
    [InlineData("Send-DmaBufFd -Wait -Address ")]
    [InlineData("$buffer | Send-DmaBufFd -Wait -Address ")]
    [InlineData("Send-DmaBufFd $buffer ")]
    public void An_address_completes_to_every_scheme(string input) => Assert.Equal(s_schemes, Texts(input));

    [Theory]
    [InlineData("UNIX", "unix: unixd:")]
    [InlineData("vsockd", "vsockd:")]
    [InlineData("x", "xenstore:")]
    public void An_address_completes_what_was_typed(string typed, string expected) =>
        Assert.Equal(expected.Split(' '), Texts($"Receive-DmaBuf {typed}"));

    [Fact]
    public void A_scheme_has_a_tooltip_with_the_form_of_its_addresses()
    {
        var tips = Shell.Complete("Receive-DmaBuf ")
            .ToDictionary(choice => choice.CompletionText, choice => choice.ToolTip);
        Assert.StartsWith("tcpd:HOST:PORT", tips["tcpd:"], StringComparison.Ordinal);
        Assert.StartsWith("vsock:CID:PORT", tips["vsock:"], StringComparison.Ordinal);
        Assert.StartsWith("vchand:DOMAIN:NAME", tips["vchand:"], StringComparison.Ordinal);
        Assert.All(tips, tip => Assert.StartsWith(tip.Key, tip.Value, StringComparison.Ordinal));
    }

    [Fact]
    public void A_name_completes_to_the_names_of_open_buffers()
    {
        foreach (var name in new[] { "camera", "Cable", "display", "camera" })
            NewBuffer(name: name);
        Assert.Equal(["camera", "Cable"], Texts("Get-DmaBuf ca"));
        Assert.Equal(["display"], Texts("Get-DmaBuf -Name display"));
        Assert.Empty(Texts("Get-DmaBuf -Name none"));
    }

    [Theory]
    [InlineData("camera-1.left")]
    [InlineData("left eye")]
    [InlineData("it's")]
    [InlineData("a;b")]
    [InlineData("$x")]
    [InlineData("[1]")]
    [InlineData("what?")]
    public void A_completed_name_finds_its_buffer_whatever_it_contains(string name)
    {
        Shell["name"] = name;
        Shell.Run("$null = New-UDmaBuf 4KB -Backing MemFd -Name $name");
        var completed = Assert.Single(Texts("Get-DmaBuf "));
        Shell.Run("$null = New-UDmaBuf 4KB -Backing MemFd -Name 1");
        Assert.Equal(name, $"{Assert.Single(Shell.Run($"Get-DmaBuf {completed}")).Properties["Name"].Value}");
    }

    [Theory]
    [InlineData("Read-DmaBufContent ")]
    [InlineData("Remove-DmaBuf ")]
    [InlineData("Wait-DmaBufRelease -InputObject ")]
    [InlineData("Write-DmaBufContent ")]
    [InlineData("Send-DmaBufFd ")]
    [InlineData("Export-GrantRefs ")]
    [InlineData("New-UDmaBuf -MemFd ")]
    public void A_buffer_completes_to_the_names_that_stand_for_one(string input)
    {
        foreach (var name in new[] { "camera", "twin", "twin", "'left eye'", "'1'", "'[a]'" })
            NewBuffer(name: name);
        Assert.Equal(["camera", "'left eye'", "'1'", "'[a]'"], Texts(input));
        Assert.Equal(["camera"], Texts($"{input}ca"));
        Assert.Empty(Texts($"{input}u"));
        foreach (var name in Texts("Remove-DmaBuf "))
            Shell.Run($"Remove-DmaBuf {name}");
    }

    [Theory]
    [InlineData("'le")]
    [InlineData("\"le")]
    public void A_name_completes_after_a_quote(string typed)
    {
        Shell.Run("$null = New-UDmaBuf 4KB -Backing MemFd -Name 'left eye'");
        var completed = Assert.Single(Texts($"Get-DmaBuf {typed}"));
        Assert.Single(Shell.Run($"Get-DmaBuf {completed}"));
    }

    [Theory]
    [InlineData("$buffer | Write-DmaBufContent x -Encoding u", "utf8 unicode utf32")]
    [InlineData("$buffer | Read-DmaBufContent -AsString -Encoding big", "bigendianunicode bigendianutf32")]
    [InlineData("$buffer | Compare-DmaBufContent -Value x -Encoding u", "utf8 unicode utf32")]
    public void An_encoding_completes_as_for_other_cmdlets(string input, string expected) =>
        Assert.Equal(expected.Split(' '), Texts(input));

    [Theory]
    [InlineData("New-UDmaBuf 4KB -Backing ", "MemFd UDmaBuf")]
    [InlineData("Read-DmaBufContent $buffer -AsHash -Algorithm SHA2", "SHA256")]
    [InlineData("Test-DmaBufSupport U", "UDmaBuf")]
    public void A_parameter_with_fixed_values_completes_to_them(string input, string expected) =>
        Assert.Equal(expected.Split(' '), Texts(input).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("$buffer | Export-GrantRefs ")]
    [InlineData("Get-GrantRefs ")]
    [InlineData("Import-GrantRefs -Ref 1 -Domain ")]
    [InlineData("New-GrantBuf 4KB ")]
    [InlineData("Receive-DmaBuf tcp:a:1 -Domain ")]
    [InlineData("$refs | Send-DmaBufFd tcp:a:1 -Domain ")]
    [InlineData("Get-XenDomain ")]
    public void A_domain_completes_to_nothing_where_there_is_no_Xen(string input)
    {
        Requires.NoXen(Shell);
        Assert.Empty(Texts(input));
    }

    [Fact]
    [Trait(Requires.Trait, Requires.Device)]
    public void A_heap_completes_to_the_machines_heaps()
    {
        Requires.DmaHeap(Shell);
        var heaps = Directory.EnumerateFiles("/dev/dma_heap").Select(Path.GetFileName).Order(StringComparer.Ordinal);
        Assert.Equal(heaps, Texts("New-DmaHeapBuf 4KB -Heap ").Order(StringComparer.Ordinal));
        Assert.Contains("system", Texts("New-DmaHeapBuf 4KB s"));
    }

    private IEnumerable<string> Texts(string input) => Shell.Complete(input).Select(choice => choice.CompletionText);
}
