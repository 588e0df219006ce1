using DmaBuf.Buffers;
using DmaBuf.Discovery;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using Xunit;

namespace DmaBuf.Tests;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("hi\u001b[31mred", @"hi\x1b[31mred")]
    [InlineData("a\nb\r\tc\0", @"a\x0ab\x0d\x09c\x00")]
    [InlineData("\u007f\u0085\u009b2J", @"\x7f\x85\x9b2J")]
    [InlineData("abc\u202etxt.exe\u2066\u200b\ufeff", @"abc\u202etxt.exe\u2066\u200b\ufeff")]
    [InlineData("soft\u00adhyphen", @"soft\xadhyphen")]
    [InlineData("line\u2028paragraph\u2029", @"line\u2028paragraph\u2029")]
    [InlineData("tag\U000E0041", @"tag\U000e0041")]
    public void Characters_that_control_a_terminal_or_are_invisible_are_escaped(string text, string visible) =>
        Assert.Equal(visible, VisibleText.Of(text));

    [Theory]
    [InlineData("")]
    [InlineData("camera-1.left \\x1b ~")]
    [InlineData("Größe 漢字 😀 é")]
    public void Visible_text_is_unchanged(string text) => Assert.Equal(text, VisibleText.Of(text));

    [Fact]
    public void Half_a_surrogate_pair_is_shown_as_a_replacement_character() =>
        Assert.Equal("a\ufffdb", VisibleText.Of("a\ud800b"));

    [Fact]
    public void Line_breaks_are_kept_on_request() =>
        Assert.Equal("a\n\\x1bb\n", VisibleText.OfLines("a\n\u001bb\n"));

    [Fact]
    public void A_message_about_a_buffer_shows_its_name_in_visible_characters()
    {
        using var buffer = Buffers.New(4096, "hi\u001b[31mred\nx");
        Assert.Contains(@"'hi\x1b[31mred\x0ax'", buffer.ToString(), StringComparison.Ordinal);
        var failure = Assert.Throws<BufferException>(() => buffer.CheckRange(4097, null));
        Assert.Contains(@"'hi\x1b[31mred\x0ax'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(@"hi\x1b[31mred\x0ax", buffer.Name);
    }

    [Fact]
    public void A_failure_shows_a_path_in_visible_characters()
    {
        using var buffer = Buffers.New(4096);
        var failure = Assert.Throws<KernelException>(() => new ContentReader(buffer).WriteFile("/no\u001b[2J/such"));
        Assert.Contains(@"/no\x1b[2J/such", failure.Message, StringComparison.Ordinal);
        Assert.Equal(@"/no\x1b[2J/such", failure.Target);
    }

    [Fact]
    public void A_traced_call_shows_its_arguments_in_visible_characters()
    {
        var calls = new List<string>();
        using (KernelTrace.Listen(calls.Add))
            MemFdAllocator.Allocate(4096, new MemFdOptions { Name = "\u001b[2J" }).Dispose();
        Assert.Contains(calls, call => call.StartsWith(@"memfd_create(""\x1b[2J""", StringComparison.Ordinal));
    }

    [Fact]
    public void A_holder_shows_its_process_and_name_in_visible_characters()
    {
        var holder = new DmaBufHolder
        {
            ProcessId = 7,
            ProcessName = "a\u001bb",
            User = "video",
            Inode = 12,
            Size = 8192,
            Exporter = "udmabuf",
            Fds = [3],
            IsMapped = false,
            Name = "n\u202e",
        };
        Assert.Equal(@"a\x1bb", holder.ProcessName);
        Assert.DoesNotContain('\u001b', holder.ToString());
    }
}
