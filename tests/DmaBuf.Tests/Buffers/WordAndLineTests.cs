using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using Xunit;

namespace DmaBuf.Tests;

public sealed class WordAndLineTests
{
    [Fact]
    public void Words_are_read_in_either_byte_order()
    {
        using var buffer = New([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        var reader = new ContentReader(buffer, 0, 16);
        Assert.Equal<ushort>([0x0201, 0x0403, 0x0605], reader.ToWords16()[..3]);
        Assert.Equal<ushort>([0x0102, 0x0304, 0x0506], reader.ToWords16(bigEndian: true)[..3]);
        Assert.Equal([0x04030201u, 0x08070605u], reader.ToWords32()[..2]);
        Assert.Equal([0x01020304u, 0x05060708u], reader.ToWords32(bigEndian: true)[..2]);
        Assert.Equal([0x0807060504030201ul, 0x100f0e0d0c0b0a09ul], reader.ToWords64());
        Assert.Equal([0x0102030405060708ul, 0x090a0b0c0d0e0f10ul], reader.ToWords64(bigEndian: true));
    }

    [Fact]
    public void Words_need_no_alignment_and_continue_across_steps()
    {
        var content = Buffers.Pattern(9 << 20);
        using var buffer = New(content);
        var words = new ContentReader(buffer, 3).ToWords32();
        Assert.Equal((content.Length - 3) / 4, words.Length);
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] != BitConverter.ToUInt32(content, 3 + (4 * i)))
                Assert.Fail($"word {i} is {words[i]:x8}");
        }
    }

    [Fact]
    public void Part_of_a_word_is_left_out_at_the_end_of_the_buffer_and_refused_in_a_count()
    {
        using var buffer = Buffers.New(4096);
        Assert.Equal(511, new ContentReader(buffer, 1).ToWords64().Length);
        Assert.Empty(new ContentReader(buffer, 4095).ToWords16());
        Assert.Empty(new ContentReader(buffer, 0, 0).ToWords32());
        Assert.All<Action>(
            [
                () => new ContentReader(buffer, 0, 3).ToWords16(),
                () => new ContentReader(buffer, 0, 6).ToWords32(),
                () => new ContentReader(buffer, 0, 12).ToWords64(),
            ],
            act => Assert.Equal("Buffer,PartialWord", Assert.Throws<BufferException>(act).ErrorId));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("one", "one")]
    [InlineData("one\ntwo\n", "one|two")]
    [InlineData("one\r\n\ntwo", "one||two")]
    [InlineData("\n", "")]
    public void Lines_are_those_before_the_first_NUL(string text, string lines)
    {
        foreach (var encoding in new[] { Encoding.UTF8, Encoding.Latin1, Encoding.Unicode, Encoding.UTF32 })
        {
            using var buffer = New(encoding.GetBytes(text + "\0second\n"));
            var read = new ContentReader(buffer).Lines(encoding).ToList();
            Assert.Equal(lines, string.Join('|', read));
            Assert.Equal(text.Length == 0 ? 0 : lines.Split('|').Length, read.Count);
        }
    }

    [Fact]
    public void Lines_after_a_NUL_are_read_on_request()
    {
        using var buffer = New("one\0two\nthree\n"u8.ToArray());
        Assert.Equal(
            ["one\0two", "three"], new ContentReader(buffer, 0, 14).Lines(Encoding.UTF8, keepNul: true));
    }

    [Fact]
    public void Lines_are_read_as_they_are_asked_for()
    {
        using var buffer = Buffers.New(8 << 20);
        new ContentWriter(buffer).Fill("line\n"u8.ToArray());
        using var lines = new ContentReader(buffer).Lines(Encoding.UTF8).GetEnumerator();
        Assert.True(lines.MoveNext());
        new ContentWriter(buffer, 4 << 20).Fill("\n"u8.ToArray());
        new ContentWriter(buffer, (4 << 20) - 4).Write("end\n"u8.ToArray());
        string? last = null;
        while (lines.MoveNext())
            last = lines.Current.Length > 0 ? lines.Current : last;
        Assert.EndsWith("end", last, StringComparison.Ordinal);
    }

    private static DmaBuffer New(byte[] content)
    {
        var buffer = Buffers.New((content.Length + PageSizes.Base - 1) / PageSizes.Base * PageSizes.Base);
        new ContentWriter(buffer).Write(content);
        return buffer;
    }
}
