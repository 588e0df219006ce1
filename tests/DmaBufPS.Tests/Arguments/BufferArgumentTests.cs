using System.Management.Automation;
using Xunit;

namespace DmaBufPS.Tests.Arguments;

/// <summary>Tests the ways to give a buffer to a cmdlet: from the pipeline, as an argument, and by name.</summary>
public sealed class BufferArgumentTests : ModuleTest
{
    public BufferArgumentTests()
    {
        NewBuffer(name: "frame");
        Shell["buffer"] = Shell.Run("$buffer")[0];
        Shell.Run("$other = New-UDmaBuf 4KB -Backing MemFd -Name other");
    }

    [Theory]
    [InlineData("$buffer | Write-DmaBufContent text")]
    [InlineData("$buffer | Write-DmaBufContent -Value text")]
    [InlineData("Write-DmaBufContent $buffer text")]
    [InlineData("Write-DmaBufContent frame text")]
    [InlineData("Write-DmaBufContent text -InputObject $buffer")]
    [InlineData("Write-DmaBufContent text -InputObject frame")]
    [InlineData("Write-DmaBufContent -InputObject frame text")]
    [InlineData("Write-DmaBufContent -Value text -Buffer $buffer")]
    [InlineData("Write-DmaBufContent text $buffer")]
    [InlineData("'text' | Write-DmaBufContent $buffer")]
    [InlineData("'text' | Write-DmaBufContent frame")]
    [InlineData("'text' | Write-DmaBufContent -InputObject $buffer")]
    [InlineData("'text' | Write-DmaBufContent -InputObject frame")]
    [InlineData("[pscustomobject]@{ Buffer = $buffer } | Write-DmaBufContent text")]
    [InlineData("[pscustomobject]@{ InputObject = 'frame' } | Write-DmaBufContent text")]
    [InlineData("'frame' | Write-DmaBufContent -Fill text -Count 4")]
    [InlineData("Write-DmaBufContent frame -Fill text -Count 4")]
    public void Every_form_of_write_takes_the_buffer_for_the_buffer(string command)
    {
        Shell.Run(command);
        Assert.Equal("text", TextOf("$buffer"));
    }

    [Theory]
    [InlineData("$buffer | Write-DmaBufContent other")]
    [InlineData("Write-DmaBufContent $buffer other")]
    [InlineData("Write-DmaBufContent frame other")]
    [InlineData("Write-DmaBufContent -InputObject $buffer other")]
    [InlineData("'other' | Write-DmaBufContent $buffer")]
    [InlineData("'other' | Write-DmaBufContent frame")]
    public void Text_that_is_also_a_buffers_name_is_written_as_text(string command)
    {
        Shell.Run(command);
        Assert.Equal("other", TextOf("$buffer"));
        Assert.Equal("", TextOf("$other"));
    }

    [Theory]
    [InlineData("$buffer | Write-DmaBufContent $content")]
    [InlineData("Write-DmaBufContent $buffer $content")]
    [InlineData("Write-DmaBufContent frame $content")]
    [InlineData("Write-DmaBufContent $content -InputObject $buffer")]
    [InlineData("$buffer | Compare-DmaBufContent -Value $content")]
    public void Content_is_not_tried_as_a_list_of_buffers(string command)
    {
        const int size = 1 << 20;
        Shell.Run("$buffer | Remove-DmaBuf");
        NewBuffer("1MB", "frame");
        Shell["content"] = new byte[size];
        Shell.Run(command);
        var least = long.MaxValue;
        // Other threads may allocate in the meantime.
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            Shell.Run(command);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.InRange(least, 0, 4 * size);
    }

    [Theory]
    [InlineData("Send-DmaBufFd")]
    [InlineData("Export-GrantRefs")]
    public void The_buffer_comes_from_the_pipeline_or_first_and_the_other_argument_may_be_a_buffers_name(string cmdlet)
    {
        string[] forms =
        [
            $"$buffer | {cmdlet} other",
            $"$buffer | {cmdlet} 'other'",
            $"{cmdlet} $buffer other",
            $"{cmdlet} frame other",
            $"'frame' | {cmdlet} other",
            $"{cmdlet} other -InputObject $buffer",
            $"{cmdlet} -InputObject frame other",
            $"[pscustomobject]@{{ Buffer = $buffer }} | {cmdlet} other",
        ];
        // There is no such address and no such domain, and the error has what was taken for it as its target.
        Assert.All(forms, form => Assert.Equal("other", $"{Shell.ErrorOf(form).TargetObject}"));
    }

    [Theory]
    [InlineData("$buffer | Export-GrantRefs 0 -WhatIf")]
    [InlineData("Export-GrantRefs $buffer 0 -WhatIf")]
    [InlineData("Export-GrantRefs frame 0 -WhatIf")]
    [InlineData("Send-DmaBufFd frame unixd:$socket -WhatIf")]
    [InlineData("Send-DmaBufFd $refs, $buffer, other unixd:$socket -WhatIf")]
    [InlineData("$buffer | New-UDmaBuf 4KB -WhatIf")]
    public void A_form_binds(string command) => Shell.Run(command);

    [Fact]
    public void A_buffer_is_sent_by_name()
    {
        using var sending = Shell.Start("Send-DmaBufFd frame unixd:$socket -PassThru");
        using var peer = Peers.Connect(SocketPath);
        Assert.Equal("frame", Assert.Single(sending.FinishWithoutError()).Properties["Name"].Value);
        Peers.TakeByte(peer);
    }

    [Theory]
    [InlineData("Write-DmaBufContent none text")]
    [InlineData("'text', 'more' | Write-DmaBufContent none")]
    [InlineData("Read-DmaBufContent none")]
    [InlineData("'none' | Read-DmaBufContent")]
    [InlineData("Remove-DmaBuf none")]
    [InlineData("Wait-DmaBufRelease none")]
    [InlineData("Send-DmaBufFd none unixd:$socket")]
    [InlineData("Export-GrantRefs none 0")]
    [InlineData("New-UDmaBuf -MemFd none")]
    [InlineData("Revoke-GrantRefs none")]
    public void A_name_that_no_open_buffer_has_is_refused(string command)
    {
        var error = Shell.ErrorOf(command);
        Assert.Equal("Buffer,NotFound", error.Id());
        Assert.Equal(ErrorCategory.ObjectNotFound, error.CategoryInfo.Category);
        Assert.Contains("'none'", error.Message(), StringComparison.Ordinal);
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void A_name_that_two_buffers_have_is_refused_and_both_are_named()
    {
        Shell.Run("$twin = New-UDmaBuf 8KB -Backing MemFd -Name frame");
        string[] commands = ["Remove-DmaBuf frame", "Write-DmaBufContent frame x", "Read-DmaBufContent frame"];
        foreach (var command in commands)
        {
            var error = Shell.ErrorOf(command);
            Assert.Equal("Buffer,AmbiguousName", error.Id());
            Assert.Contains("of 4096 bytes", error.Message(), StringComparison.Ordinal);
            Assert.Contains("of 8192 bytes", error.Message(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Case_counts_only_where_names_differ_by_it_alone()
    {
        Shell.Run("Write-DmaBufContent FRAME insensitive");
        Assert.Equal("insensitive", TextOf("$buffer"));
        Shell.Run("$upper = New-UDmaBuf 4KB -Backing MemFd -Name FRAME; Write-DmaBufContent FRAME exact");
        Assert.Equal("exact", TextOf("$upper"));
        Assert.Equal("insensitive", TextOf("$buffer"));
    }

    [Fact]
    public void A_name_is_found_as_shown_and_as_it_is()
    {
        Shell["name"] = "a\u001bb";
        Shell.Run("$null = New-UDmaBuf 4KB -Backing MemFd -Name $name");
        Shell.Run("Write-DmaBufContent $name one; Write-DmaBufContent 'a\\x1bb' 'wo' -Offset 1");
        Assert.Equal("owo", TextOf("$name"));
    }

    [Theory]
    [InlineData("Write-DmaBufContent @() x", "Buffer,NotFound")]
    [InlineData("Write-DmaBufContent -1 $buffer", "Buffer,BadContent")]
    [InlineData("Write-DmaBufContent $buffer $other", "Buffer,BadContent")]
    [InlineData("$other | Write-DmaBufContent $buffer", "Buffer,BadContent")]
    [InlineData("Write-DmaBufContent other $buffer", "Buffer,BadContent")]
    [InlineData("$other | Write-DmaBufContent -Value $buffer", "Buffer,BadContent")]
    [InlineData("Compare-DmaBufContent $buffer -Value -1", "Buffer,BadContent")]
    [InlineData("$buffer | Send-DmaBufFd unixd:$socket -InputObject other", "ParameterBindingFailed")]
    [InlineData("$buffer | Write-DmaBufContent text -InputObject none", "ParameterBindingFailed")]
    public void A_form_without_a_meaning_is_refused(string command, string id) =>
        Assert.Equal(id, Shell.ErrorOf(command).Id());

    [Fact]
    public void A_buffer_from_the_pipeline_is_not_taken_for_the_size_of_a_new_one()
    {
        Assert.Equal("Buffer,OwnMemory", Shell.ErrorOf("$buffer | New-UDmaBuf -Backing MemFd").Id());
        Assert.Equal(2, OpenBuffers);
    }

    [Theory]
    [InlineData("$buffer | New-GrantBuf -Domain 1")]
    [InlineData("New-GrantBuf $buffer 1")]
    [InlineData("$buffer | New-DmaHeapBuf")]
    public void A_buffer_is_not_taken_for_the_size_of_granted_pages_or_of_a_heaps_buffer(string command)
    {
        var error = Shell.ErrorOf(command);
        Assert.Equal("ParameterArgumentTransformationError", error.Id());
        Assert.Contains("Export-GrantRefs", error.Message(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_without_references_has_none_to_revoke()
    {
        foreach (var command in new[] { "Revoke-GrantRefs frame", "$buffer | Revoke-GrantRefs" })
        {
            var error = Shell.ErrorOf(command);
            Assert.Equal("Buffer,NoLease", error.Id());
            Assert.Contains("'frame'", error.Message(), StringComparison.Ordinal);
        }
    }

    private string TextOf(string buffer) => $"{Shell.Run($"Read-DmaBufContent {buffer} -AsString")[0]}";
}
