namespace DmaBuf.Frames;

/// <summary>What an input is (V4L2_INPUT_TYPE_*).</summary>
public enum VideoInputType
{
    /// <summary>A camera or any other source of video.</summary>
    Camera,

    /// <summary>A tuner.</summary>
    Tuner,

    /// <summary>A touch panel.</summary>
    Touch,
}
