using Xunit;

namespace DmaBufPS.Tests.Arguments;

/// <summary>Tests words as scripts give them, in either byte order.</summary>
public sealed class WordArgumentTests : ModuleTest
{
    public WordArgumentTests() => NewBuffer();

    [Theory]
    [InlineData("-Word16 0x1234", "34 12 00")]
    [InlineData("-Word16 1, 65535 -BigEndian", "00 01 FF FF 00")]
    [InlineData("-Word32 0x12345678", "78 56 34 12 00")]
    [InlineData("-Word32 0x12345678 -BigEndian", "12 34 56 78 00")]
    [InlineData("-Word32 0xffffffff", "FF FF FF FF 00")]
    [InlineData("-Word32 4294967295", "FF FF FF FF 00")]
    [InlineData("-Word32 -2", "FE FF FF FF 00")]
    [InlineData("-Word32 '0x10'", "10 00 00 00 00")]
    [InlineData("-Word64 1, 2", "01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 00")]
    [InlineData("-Word64 18446744073709551615", "FF FF FF FF FF FF FF FF 00")]
    [InlineData("-Word64 ([Math]::Pow(2, 60)) -BigEndian", "10 00 00 00 00 00 00 00 00")]
    [InlineData("-Word64 ([uint64[]](1, 2))", "01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 00")]
    public void Words_are_written_one_after_another(string words, string bytes)
    {
        Shell.Run($"Write-DmaBufContent $buffer {words}");
        var count = bytes.Split(' ').Length;
        var written = (byte[])Shell.Run($"$buffer | Read-DmaBufContent -Count {count}")[0].BaseObject;
        Assert.Equal(bytes, string.Join(' ', written.Select(value => $"{value:X2}")));
    }

    [Theory]
    [InlineData("-Word16 65536", "from -32768 to 65535")]
    [InlineData("-Word16 -32769", "16 bits")]
    [InlineData("-Word32 1.5", "32 bits")]
    [InlineData("-Word32 1, 4294967296", "'4294967296'")]
    [InlineData("-Word64 18446744073709551616", "64 bits")]
    [InlineData("-Word64 text", "'text'")]
    [InlineData("-Word16 (1, $null)", "16 bits")]
    public void A_number_that_is_no_such_word_is_refused(string words, string message)
    {
        var error = Shell.ErrorOf($"$buffer | Write-DmaBufContent {words}");
        Assert.Equal("ParameterArgumentTransformationError", error.Id());
        Assert.Contains(message, error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_that_do_not_fit_are_refused() =>
        Assert.Equal("Buffer,DoesNotFit", Shell.ErrorOf("Write-DmaBufContent $buffer -Word32 1 -Offset 4093").Id());
}
