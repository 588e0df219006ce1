using System.Management.Automation;
using DmaBuf.Frames;

namespace DmaBufPS;

/// <summary>Get-VideoDevice: cameras and other video devices, and what they can do.</summary>
[Cmdlet(VerbsCommon.Get, "VideoDevice")]
[OutputType(typeof(VideoDevice))]
public sealed class GetVideoDeviceCommand : DmaBufCmdlet
{
    /// <summary>The devices, by path; wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(VideoDeviceCompleter))]
    [SupportsWildcards]
    public string[] Device { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var device in Device.SelectMany(Paths))
            Try(device, () => WriteObject(VideoDevice.Get(device)));
    }

    /// <summary>The device with a path, or all that match it.</summary>
    private static IEnumerable<string> Paths(string pattern) => WildcardPattern.ContainsWildcardCharacters(pattern)
        ? VideoDevice.Paths().Where(path => NamePattern.Matches(pattern, path, WildcardOptions.None))
        : [pattern];
}
