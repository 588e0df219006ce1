using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace DmaBuf.Frames;

/// <summary>
/// Rows of formats without chroma, to and from pixels of 0xFFRRGGBB. The first picture must not take thirty times as
/// long as the others, so the loops are optimized from the start.
/// </summary>
internal static class RgbRows
{
    private const uint Opaque = 0xFF000000;

    /// <summary>The bytes of 4 pixels of 0xFFRRGGBB in memory, from the bytes of 4 pixels of 3 bytes.</summary>
    private static Vector128<byte> FromBgr24Order =>
        Vector128.Create((byte)0, 1, 2, 15, 3, 4, 5, 15, 6, 7, 8, 15, 9, 10, 11, 15);

    private static Vector128<byte> FromRgb24Order =>
        Vector128.Create((byte)2, 1, 0, 15, 5, 4, 3, 15, 8, 7, 6, 15, 11, 10, 9, 15);

    private static Vector128<byte> ToRgb24Order =>
        Vector128.Create((byte)2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 15, 15, 15, 15);

    private static Vector128<byte> SwapOrder =>
        Vector128.Create((byte)2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15);

    /// <summary>The vectors hold numbers as little-endian machines do; others take the other way.</summary>
    private static bool HasVectors => Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian;

    /// <summary>From one byte for each pixel, by a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FromGrey(ReadOnlySpan<byte> row, ReadOnlySpan<uint> greys, Span<uint> target)
    {
        ref var grey = ref MemoryMarshal.GetReference(greys[..256]);
        for (var i = 0; i < target.Length; i++)
            target[i] = Unsafe.Add(ref grey, row[i]);
    }

    /// <summary>From three bytes for each pixel.</summary>
    /// <param name="row">The row.</param>
    /// <param name="red">The byte where red is: 0 or 2.</param>
    /// <param name="target">The pixels.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FromRgb24(ReadOnlySpan<byte> row, int red, Span<uint> target)
    {
        var i = 0;
        if (HasVectors)
        {
            var order = red == 0 ? FromRgb24Order : FromBgr24Order;
            var opaque = Vector128.Create(Opaque);
            // A load is 16 bytes, of which 12 are used.
            for (; i <= target.Length - 6; i += 4)
            {
                var pixels = Vector128.ShuffleNative(Vector128.Create(row.Slice(3 * i, 16)), order).AsUInt32() | opaque;
                pixels.CopyTo(target[i..]);
            }
        }

        for (; i < target.Length; i++)
            target[i] = Pixel(row.Slice(3 * i, 3), red);
    }

    /// <summary>From four bytes for each pixel, the last of which is ignored.</summary>
    /// <inheritdoc cref="FromRgb24"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FromRgb32(ReadOnlySpan<byte> row, int red, Span<uint> target)
    {
        var i = 0;
        if (HasVectors)
        {
            var opaque = Vector128.Create(Opaque);
            for (; i <= target.Length - 4; i += 4)
            {
                var bytes = Vector128.Create(row.Slice(4 * i, 16));
                var pixels = red == 0 ? Vector128.ShuffleNative(bytes, SwapOrder) : bytes;
                (pixels.AsUInt32() | opaque).CopyTo(target[i..]);
            }
        }

        for (; i < target.Length; i++)
            target[i] = Pixel(row.Slice(4 * i, 3), red);
    }

    /// <summary>To three bytes for each pixel: red, green, blue.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToRgb24(ReadOnlySpan<uint> pixels, Span<byte> target)
    {
        target = target[..(3 * pixels.Length)];
        var i = 0;
        if (HasVectors)
        {
            // A store is 16 bytes, of which the next one overwrites 4.
            for (; i <= pixels.Length - 6; i += 4)
                Vector128.ShuffleNative(Vector128.Create(pixels[i..]).AsByte(), ToRgb24Order).CopyTo(target[(3 * i)..]);
        }

        for (; i < pixels.Length; i++)
        {
            target[3 * i] = (byte)(pixels[i] >> 16);
            target[(3 * i) + 1] = (byte)(pixels[i] >> 8);
            target[(3 * i) + 2] = (byte)pixels[i];
        }
    }

    private static uint Pixel(ReadOnlySpan<byte> bytes, int red) =>
        Opaque | ((uint)bytes[red] << 16) | ((uint)bytes[1] << 8) | bytes[2 - red];
}
