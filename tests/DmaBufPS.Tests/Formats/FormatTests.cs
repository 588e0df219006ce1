using System.Management.Automation;
using Xunit;

namespace DmaBufPS.Tests.Formats;

/// <summary>Tests how a prompt shows each type: the columns or lines, and their content.</summary>
public sealed class FormatTests : ModuleTest
{
    private const string BufferHeader = "Name Size Pages Origin Exporter Fd Inode";

    [Fact]
    public void A_buffer_prints_as_a_row()
    {
        NewBuffer("64KB", "frame");
        var (fd, inode) = (Shell.Run("$buffer.Fd")[0], Shell.Run("$buffer.Inode")[0]);
        var pages = 65536 / Environment.SystemPageSize;
        AssertTable("$buffer", BufferHeader, $"frame 65536 {pages} MemFd memfd {fd} {inode}");
    }

    [Fact]
    public void A_removed_buffer_still_prints()
    {
        NewBuffer("64KB", "gone");
        Shell.Run("Remove-DmaBuf $buffer");
        var inode = Shell.Run("$buffer.Inode")[0];
        var pages = 65536 / Environment.SystemPageSize;
        AssertTable("$buffer", BufferHeader, $"gone 65536 {pages} MemFd memfd -1 {inode}");
    }

    [Theory]
    [InlineData("(8..17)", "3 5 10 40960 8, 9, 10, 11, ...")]
    [InlineData("(1..4)", "3 5 4 16384 1, 2, 3, 4")]
    [InlineData("7; Directory = 99", "3 5 1 4096 99 7")]
    public void References_print_as_a_row_with_the_first_four(string refs, string row)
    {
        Shell.Run($"$refs = [DmaBuf.Grants.GrantRefs]@{{ Domain = 3; PeerDomain = 5; Refs = [uint32[]]{refs} }}");
        const string Header = "Domain PeerDomain Count Size Directory Refs";
        AssertTable("$refs", Header, row);
        Shell["bag"] = PSSerializer.Deserialize(PSSerializer.Serialize(Shell.Run("$refs")[0]));
        AssertTable("$bag", Header, row);
    }

    [Fact]
    public void A_holder_prints_as_a_row() => AssertTable(
        """
        [DmaBuf.Discovery.DmaBufHolder]@{
            ProcessId = 7; ProcessName = 'camerad'; User = 'video'; Inode = 12; Size = 8192
            Exporter = 'udmabuf'; Name = 'frame'; Fds = [int[]](3, 9); IsMapped = $true
        }
        """,
        "ProcessId ProcessName User Inode Size Exporter Name Fds Mapped",
        "7 camerad video 12 8192 udmabuf frame 3,9 True");

    [Fact]
    public void Names_that_others_chose_print_in_visible_characters()
    {
        Shell["name"] = "hi\u001b[31mred\u202e";
        Shell.Run("$buffer = New-UDmaBuf 4KB -Backing MemFd -Name $name");
        Shell.Run("""
            $holder = [DmaBuf.Discovery.DmaBufHolder]@{
                ProcessId = 7; ProcessName = $name; User = 'video'; Inode = 12; Size = 8192
                Exporter = 'udmabuf'; Name = $name; Fds = [int[]](3, 9); IsMapped = $true
            }
            $domain = [DmaBuf.Xen.XenDomain]@{ Id = 4; Name = $name; IsOwn = $false }
            """);
        foreach (var item in new[] { "$buffer", "$holder", "$domain" })
        {
            string[] views =
                [item, $"{item} | Format-List *", $"{item} | Select-Object *", $"{item}.Name", $"\"{item}\""];
            foreach (var view in views)
            {
                var printed = string.Concat(Shell.Print(view));
                Assert.Contains(@"hi\x1b[31mred\u202e", printed, StringComparison.Ordinal);
                Assert.DoesNotContain('\u202e', printed);
            }

            Assert.Equal(@"hi\x1b[31mred\u202e", $"{Shell.Run($"{item}.Name")[0]}");
        }
    }

    [Fact]
    public void A_renamed_buffer_is_found_by_its_name_and_by_the_name_that_is_shown()
    {
        NewBuffer();
        Shell["name"] = "hi\u001bred";
        Shell.Run("$buffer.Name = $name");
        Assert.Single(Shell.Run("Get-DmaBuf $name"));
        Assert.Single(Shell.Run(@"Get-DmaBuf hi\x1br*"));
        Assert.Single(Shell.Run("$buffer | Get-DmaBuf"));
        Assert.Equal([@"hi\x1bred"], Shell.Complete("Get-DmaBuf h").Select(choice => choice.ListItemText));
    }

    [Fact]
    public void An_error_about_a_name_shows_it_in_visible_characters()
    {
        Shell["name"] = "no\u001bne";
        var failure = Shell.ErrorOf("Get-DmaBuf $name");
        Assert.All(
            [failure.ToString(), failure.Exception.Message, failure.CategoryInfo.ToString()],
            shown => Assert.Contains(@"no\x1bne", shown, StringComparison.Ordinal));
    }

    [Fact]
    public void A_domain_prints_as_a_row() => AssertTable(
        "[DmaBuf.Xen.XenDomain]@{ Id = 4; Name = 'guest'; Type = 'pvh'; State = 'Running'; IsOwn = $false }",
        "Id Name Type State IsOwn",
        "4 guest pvh Running False");

    [Fact]
    public void A_feature_prints_what_was_found_and_what_helps()
    {
        AssertTable(
            "[DmaBuf.Discovery.SupportCheck]::new('Kvm', $false, 'no /dev/kvm', 'Load kvm_intel.')",
            "Feature Available Detail and action",
            "Kvm False no /dev/kvm. Load kvm_intel.");
        AssertTable(
            "[DmaBuf.Discovery.SupportCheck]::new('MemFd', $true, 'sealed memfds work', $null)",
            "Feature Available Detail and action",
            "MemFd True sealed memfds work");
    }

    [Fact]
    public void A_long_detail_of_a_feature_is_wrapped_and_not_cut_off()
    {
        var printed = Shell.Print("[DmaBuf.Discovery.SupportCheck]::new('Kvm', $false, ('word ' * 80 + 'end'), $null)");
        // A row may begin in the middle of a word.
        var text = string.Concat(printed.Skip(2).SelectMany(Words));
        Assert.Equal($"KvmFalse{string.Concat(Enumerable.Repeat("word", 80))}end", text);
    }

    [Fact]
    public void A_hash_prints_as_a_list()
    {
        NewBuffer();
        var printed = Shell.Print("$buffer | Read-DmaBufContent -AsHash -Offset 16 -Count 0 -Algorithm MD5");
        Assert.Equal(
            ["Algorithm : MD5", "Hash : D41D8CD98F00B204E9800998ECF8427E", "Offset : 16", "Count : 0"],
            printed.Select(line => string.Join(' ', Words(line))));
    }

    [Fact]
    public void A_stream_of_a_buffer_prints_its_position_and_length()
    {
        NewBuffer();
        Shell.Run("$stream = $buffer | Read-DmaBufContent -AsStream -Count 100; $null = $stream.ReadByte()");
        AssertTable("$stream", "Length Position CanRead CanWrite", "100 1 True False");
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Compares only the words, because PowerShell chooses the widths of the columns.</summary>
    private void AssertTable(string script, string header, string row)
    {
        var printed = Shell.Print(script);
        Assert.Equal(3, printed.Length);
        Assert.Equal(header, string.Join(' ', Words(printed[0])));
        Assert.Equal(row, string.Join(' ', Words(printed[2])));
    }
}
