using System.Numerics;

namespace DmaBufPS;

/// <summary>Words of 16, 32 and 64 bits as bytes.</summary>
internal static class Words
{
    /// <summary>The bytes of words, one word after another.</summary>
    public static byte[] ToBytes<T>(T[] words, bool bigEndian)
        where T : IBinaryInteger<T>
    {
        var size = T.AllBitsSet.GetByteCount();
        var bytes = new byte[words.Length * size];
        for (var i = 0; i < words.Length; i++)
        {
            var place = bytes.AsSpan(i * size);
            if (bigEndian)
                words[i].WriteBigEndian(place);
            else
                words[i].WriteLittleEndian(place);
        }

        return bytes;
    }
}
