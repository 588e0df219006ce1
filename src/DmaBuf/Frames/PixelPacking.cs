namespace DmaBuf.Frames;

/// <summary>How the components of a pixel format lie in memory.</summary>
internal enum PixelPacking
{
    /// <summary>One byte of luma for each pixel.</summary>
    Grey,

    /// <summary>Three bytes for each pixel, of which green is the middle one.</summary>
    Rgb24,

    /// <summary>Four bytes for each pixel: three as in <see cref="Rgb24"/>, and one that is ignored.</summary>
    Rgb32,

    /// <summary>Four bytes for each two pixels, which have chroma in common (4:2:2).</summary>
    Packed422,

    /// <summary>A plane of luma, and one with both chroma bytes for each 2 x 2 pixels (4:2:0).</summary>
    SemiPlanar420,

    /// <summary>A plane of luma, and two with one chroma byte each for each 2 x 2 pixels (4:2:0).</summary>
    Planar420,

    /// <summary>A plane of luma, and two with one chroma byte each for each two pixels (4:2:2).</summary>
    Planar422,
}
