namespace DmaBuf.Frames;

/// <summary>An input of a video device (struct v4l2_input).</summary>
/// <param name="Index">Its index.</param>
/// <param name="Name">Its name.</param>
/// <param name="Type">What it is.</param>
/// <param name="HasSignal">False where the driver reports that there is no signal or no power.</param>
/// <param name="IsSelected">Whether the device captures from it.</param>
public sealed record VideoInput(int Index, string Name, VideoInputType Type, bool HasSignal, bool IsSelected)
{
    /// <summary>Index and name.</summary>
    public override string ToString() => $"{Index}: {Name}";
}
