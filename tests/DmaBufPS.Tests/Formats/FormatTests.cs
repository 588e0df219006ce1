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
        AssertTable("$buffer", BufferHeader, $"frame 64 KiB {pages} MemFd memfd {fd} {inode}");
    }

    [Fact]
    public void A_removed_buffer_still_prints()
    {
        NewBuffer("64KB", "gone");
        Shell.Run("Remove-DmaBuf $buffer");
        var inode = Shell.Run("$buffer.Inode")[0];
        var pages = 65536 / Environment.SystemPageSize;
        AssertTable("$buffer", BufferHeader, $"gone 64 KiB {pages} MemFd memfd -1 {inode}");
    }

    [Theory]
    [InlineData("(8..17)", "3 5 10 40 KiB 8, 9, 10, 11, ...")]
    [InlineData("(1..4)", "3 5 4 16 KiB 1, 2, 3, 4")]
    [InlineData("7; Directory = 99", "3 5 1 4 KiB 99 7")]
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
        "7 camerad video 12 8 KiB udmabuf frame 3,9 True");

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
            "Feature Available Detail",
            "Kvm False no /dev/kvm. Load kvm_intel.");
        AssertTable(
            "[DmaBuf.Discovery.SupportCheck]::new('MemFd', $true, 'sealed memfds work', $null)",
            "Feature Available Detail",
            "MemFd True sealed memfds work");
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1000, "1000 B")]
    [InlineData(4096, "4 KiB")]
    [InlineData(1 << 20, "1 MiB")]
    [InlineData((1 << 20) + 4096, "1028 KiB")]
    [InlineData(3L << 30, "3 GiB")]
    public void A_size_prints_in_the_largest_unit_that_is_exact_and_stays_a_number(long size, string shown)
    {
        Shell.Run($$"""
            $holder = [DmaBuf.Discovery.DmaBufHolder]@{
                ProcessId = 7; ProcessName = 'camerad'; User = 'video'; Inode = 12; Size = {{size}}
                Exporter = 'udmabuf'; Name = 'frame'; Fds = [int[]](3, 9); IsMapped = $true
            }
            """);
        Assert.Contains($" {shown} ", Shell.Print("$holder")[2], StringComparison.Ordinal);
        Assert.Equal(size, Shell.Run("$holder.Size")[0].BaseObject);
    }

    [Fact]
    public void Each_header_of_a_table_is_the_name_of_a_property()
    {
        var unknown = Shell.Run("""
            foreach ($data in Get-FormatData -TypeName DmaBuf*) {
                $type = $data.TypeName -as [type]
                $names = $type.GetProperties().Name + (Get-TypeData $type).Members.Keys
                $data.FormatViewDefinition.Control.Headers.Label | Where-Object { $_ -and $_ -notin $names }
            }
            """);
        Assert.Empty(unknown);
    }

    [Fact]
    public void The_headers_of_buffers_select_their_properties()
    {
        NewBuffer("64KB", "frame");
        var pages = 65536 / Environment.SystemPageSize;
        Assert.Equal($"frame {pages} 65536", $"{Shell.Run("""
            $row = $buffer | Select-Object Name, Pages, Size
            "$($row.Name) $($row.Pages) $($row.Size)"
            """)[0]}");
    }

    [Fact]
    public void The_descriptors_of_a_holder_export_to_CSV_as_numbers() => Assert.Equal(
        "\"7\",\"3,9\"",
        $"{Shell.Run("""
            [DmaBuf.Discovery.DmaBufHolder]@{
                ProcessId = 7; ProcessName = 'camerad'; User = 'video'; Inode = 12; Size = 8192
                Exporter = 'udmabuf'; Name = 'frame'; Fds = [int[]](3, 9); IsMapped = $true
            } | Select-Object ProcessId, Fds | ConvertTo-Csv
            """)[1]}");

    [Fact]
    public void A_long_detail_of_a_feature_is_wrapped_between_words_and_not_cut_off()
    {
        const string Words = "several words of different lengths, ";
        var printed = Shell.Print(
            $"[DmaBuf.Discovery.SupportCheck]::new('Kvm', $false, ('{Words}' * 20 + 'end'), $null)");
        Assert.All(printed, line => Assert.InRange(line.Length, 1, 80));
        var shown = string.Join(' ', printed.Skip(2).Select(line => line.Trim()));
        Assert.Equal(
            $"Kvm False {string.Concat(Enumerable.Repeat(Words, 20))}end",
            string.Join(' ', FormatTests.Words(shown)));
    }

    [Theory]
    [InlineData("one two three", 9, "one two\nthree")]
    [InlineData("one  two", 4, "one\ntwo")]
    [InlineData("one two", 8, "one two")]
    [InlineData("a-word-that-is-too-long for it", 8, "a-word-that-is-too-long\nfor it")]
    [InlineData("", 8, "")]
    public void Text_is_broken_between_words(string text, int screenWidth, string expected) =>
        Assert.Equal(expected, $"{Shell.Run($"[DmaBufPS.TableText]::Wrap('{text}', 0, {screenWidth})")[0]}");

    [Fact]
    public void A_hash_prints_as_a_list_that_names_its_buffer()
    {
        NewBuffer();
        var printed = Shell.Print("$buffer | Read-DmaBufContent -AsHash -Offset 16 -Count 0 -Algorithm MD5");
        Assert.Equal(
            [
                $"Buffer : {Shell.Run("\"$buffer\"")[0]}",
                "Algorithm : MD5", "Hash : D41D8CD98F00B204E9800998ECF8427E", "Offset : 16", "Count : 0",
            ],
            printed.Select(line => string.Join(' ', Words(line))));
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA512")]
    public void A_hash_fits_80_columns_without_losing_a_digit(string algorithm)
    {
        NewBuffer();
        Shell.Run($"$hash = $buffer | Read-DmaBufContent -AsHash -Algorithm {algorithm}");
        var printed = Shell.Run("$hash | Out-String -Width 80 -Stream").Select(line => $"{line}").ToList();
        Assert.All(printed, line => Assert.InRange(line.Length, 0, 80));
        var digits = string.Concat(printed.SelectMany(Words));
        Assert.Contains($"{Shell.Run("$hash.Hash")[0]}", digits, StringComparison.Ordinal);
    }

    [Fact]
    public void A_comparison_prints_as_a_list()
    {
        NewBuffer();
        var printed = Shell.Print("$buffer | Compare-DmaBufContent -Value 0, 7, 0, 7 -Offset 8");
        Assert.Equal(
            [
                $"Buffer : {Shell.Run("\"$buffer\"")[0]}",
                "Equal : False", "FirstDifference : 9", "Differences : 2", "Offset : 8", "Count : 4",
            ],
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
