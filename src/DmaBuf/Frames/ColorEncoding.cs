namespace DmaBuf.Frames;

/// <summary>How to read a picture's colours: which equations turn luma and chroma into RGB.</summary>
public enum ColorEncoding
{
    /// <summary>ITU-R BT.601, for standard definition.</summary>
    Bt601,

    /// <summary>ITU-R BT.709, for high definition.</summary>
    Bt709,
}
