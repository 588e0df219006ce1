using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DmaBuf.Frames;

/// <summary>Loads bytes into vectors of 4 or 8 whole numbers.</summary>
internal static class WidenedBytes
{
    /// <summary>One byte for each element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<int> Load(ReadOnlySpan<byte> bytes, int start)
    {
        if (Vector<int>.Count == 8)
        {
            var eight = Vector64.Create(bytes.Slice(start, 8)).ToVector128Unsafe();
            return Vector256.WidenLower(Vector128.WidenLower(eight).ToVector256Unsafe()).AsInt32().AsVector();
        }

        var four = Vector128.CreateScalarUnsafe(MemoryMarshal.Read<uint>(bytes.Slice(start, 4))).AsByte();
        return Vector128.WidenLower(Vector128.WidenLower(four)).AsInt32().AsVector();
    }

    /// <summary>Two bytes for each element: the first ones, and the second ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LoadPairs(
        ReadOnlySpan<byte> bytes, int start, out Vector<int> firsts, out Vector<int> seconds)
    {
        var pairs = Vector<int>.Count == 8
            ? Vector256.WidenLower(Vector128.Create(bytes.Slice(start, 16)).AsUInt16().ToVector256Unsafe())
                .AsInt32().AsVector()
            : Vector128.WidenLower(Vector64.Create(bytes.Slice(start, 8)).AsUInt16().ToVector128Unsafe())
                .AsInt32().AsVector();
        (firsts, seconds) = (pairs & new Vector<int>(0xFF), pairs >> 8);
        if (!BitConverter.IsLittleEndian)
            (firsts, seconds) = (seconds, firsts);
    }
}
