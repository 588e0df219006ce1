using System.Management.Automation;
using Xunit;

namespace DmaBufPS.Tests.Arguments;

/// <summary>Tests what -Value, -Fill and -Encoding accept, including deserialized values.</summary>
public sealed class ContentArgumentTests : ModuleTest
{
    public ContentArgumentTests() => NewBuffer();

    [Theory]
    [InlineData("[byte[]](1, 2, 255)", "1 2 255")]
    [InlineData("1, 2, 255", "1 2 255")]
    [InlineData("0x41", "65")]
    [InlineData("'AB'", "65 66")]
    [InlineData("[char]'A'", "65")]
    [InlineData("[Collections.ArrayList](7, '8')", "7 8")]
    [InlineData("7.0, 8d", "7 8")]
    [InlineData("'A', 'B'", "65 10 66")]
    [InlineData("([byte[]](1, 2, 255) | ForEach-Object { $_ })", "1 2 255")]
    public void Content_is_written_as_typed_and_as_deserialized(string value, string bytes)
    {
        Shell.Run($"$content = {value}");
        Assert.Equal(bytes, Written());
        Shell["content"] = PSSerializer.Deserialize(PSSerializer.Serialize(Shell.Run(",$content")[0]));
        Assert.Equal(bytes, Written());
    }

    [Theory]
    [InlineData("256")]
    [InlineData("(-1)")]
    [InlineData("1, 300")]
    [InlineData("3.5")]
    [InlineData("1, 2.5")]
    [InlineData("1, $null")]
    [InlineData("1, '2.5'")]
    [InlineData("@{}")]
    [InlineData("(Get-Date)")]
    public void Content_that_is_not_bytes_is_refused_before_anything_is_written(string value)
    {
        Shell.Run("$buffer | Write-DmaBufContent 'before'");
        foreach (var parameter in new[] { "-Value", "-Fill" })
        {
            var error = Shell.ErrorOf($"$buffer | Write-DmaBufContent {parameter} {value}");
            Assert.Equal("ParameterArgumentTransformationError", error.Id());
            Assert.Contains("a byte from 0 to 255", error.Exception.Message, StringComparison.Ordinal);
        }

        Assert.Equal("before", $"{Shell.Run("$buffer | Read-DmaBufContent -AsString")[0]}");
    }

    [Theory]
    [InlineData("utf8", "195 164")]
    [InlineData("UTF8", "195 164")]
    [InlineData("latin1", "228")]
    [InlineData("unicode", "228 0")]
    [InlineData("bigendianunicode", "0 228")]
    [InlineData("28591", "228")]
    [InlineData("iso-8859-1", "228")]
    [InlineData("([Text.Encoding]::Latin1)", "228")]
    public void An_encoding_is_accepted_by_name_by_code_page_and_as_an_object(string encoding, string bytes)
    {
        Shell["text"] = "\u00e4";
        Shell.Run($"$buffer | Write-DmaBufContent $text -Encoding {encoding}");
        var count = bytes.Split(' ').Length;
        Assert.Equal(bytes, $"{Shell.Run($"\"$($buffer | Read-DmaBufContent -Count {count})\"")[0]}");
        var text = Shell.Run($"$buffer | Read-DmaBufContent -AsString -Count {count} -Encoding {encoding}")[0];
        Assert.Equal("\u00e4", $"{text}");
    }

    [Theory]
    [InlineData("nonesuch")]
    [InlineData("99999")]
    public void An_unknown_encoding_is_refused_with_the_known_names(string encoding)
    {
        var error = Shell.ErrorOf($"$buffer | Write-DmaBufContent x -Encoding {encoding}");
        Assert.Equal("ParameterArgumentTransformationError", error.Id());
        Assert.Contains("utf8, ascii, latin1", error.Exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Fills the buffer with zeros, writes <c>$content</c> and returns the bytes up to a zero.</summary>
    private string Written()
    {
        Shell.Run("$buffer | Write-DmaBufContent -Fill 0; $buffer | Write-DmaBufContent -Value $content");
        var bytes = (byte[])Shell.Run("$buffer | Read-DmaBufContent -Count 8")[0].BaseObject;
        return string.Join(' ', bytes.TakeWhile(value => value != 0));
    }
}
