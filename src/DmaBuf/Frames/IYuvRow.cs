using System.Numerics;

namespace DmaBuf.Frames;

/// <summary>One row of pixels, by pairs that have chroma in common. An odd row ends with half a pair.</summary>
internal interface IYuvRow
{
    /// <summary>One pair. In the last half pair, the second luma has no meaning.</summary>
    void Load(int pair, out int y0, out int y1, out int u, out int v);

    /// <summary>As many pairs as a vector has elements, all of them in the row.</summary>
    void Load(int pair, out Vector<int> y0, out Vector<int> y1, out Vector<int> u, out Vector<int> v);
}
