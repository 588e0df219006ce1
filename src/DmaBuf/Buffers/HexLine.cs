namespace DmaBuf.Buffers;

/// <summary>One line of <c>hexdump -C</c>: the offset, up to 16 bytes, and the ASCII among them.</summary>
internal sealed class HexLine
{
    private const string Digits = "0123456789abcdef";
    private const int Width = 16;
    private readonly char[] _bytes = new char[(Width * 3) + 2];

    public string Format(long offset, ReadOnlySpan<byte> bytes)
    {
        Array.Fill(_bytes, ' ');
        Span<char> ascii = stackalloc char[Width];
        for (var i = 0; i < bytes.Length; i++)
        {
            // Two spaces after the offset, one more in the middle.
            var column = (i * 3) + (i < Width / 2 ? 0 : 1);
            _bytes[column] = Digits[bytes[i] >> 4];
            _bytes[column + 1] = Digits[bytes[i] & 15];
            ascii[i] = bytes[i] is >= 0x20 and < 0x7f ? (char)bytes[i] : '.';
        }

        return $"{offset:x8}  {_bytes.AsSpan()}|{ascii[..bytes.Length]}|";
    }
}
