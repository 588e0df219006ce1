using System.Management.Automation;
using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>Publish-DmaBuf: offers buffers to the peers of channels.</summary>
[Cmdlet(VerbsData.Publish, "DmaBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(ExportedShare))]
public sealed class PublishDmaBufCommand : DmaBufCmdlet
{
    /// <summary>The buffers to offer, or their names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject { get; set; } = [];

    /// <summary>The channels, or their numbers; by default all that are open.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ChannelArgument]
    [ArgumentCompleter(typeof(ChannelCompleter))]
    [ValidateNotNullOrEmpty]
    public Channel[]? Channel { get; set; }

    /// <summary>The share's name: at most 64 bytes.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <summary>The picture in the buffer: Width, Height, FourCC, Modifier, each plane's Offset and Stride.</summary>
    [Parameter]
    [PictureArgument]
    [ValidateNotNull]
    public PictureLayout? Metadata { get; set; }

    /// <summary>The user's own data: text or at most 192 bytes.</summary>
    [Parameter]
    [ContentArgument]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ValidateNotNull]
    public object? PrivateData { get; set; }

    /// <summary>The time limit where a peer does not read: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var channels = Channel ?? OpenChannels();
        foreach (var buffer in FindBuffers(InputObject))
        {
            foreach (var channel in channels)
            {
                if (ShouldProcess($"{buffer} on {channel}", "Publish"))
                    Try(buffer, () => WriteObject(Publish(buffer, channel)));
            }
        }
    }

    private ExportedShare Publish(DmaBuffer buffer, Channel channel)
    {
        using var limit = NewLimit(TimeoutSec);
        return channel.Publish(buffer, MetadataFor(buffer, channel), limit);
    }

    /// <summary>What was given, beside what the share has already; null where nothing was given.</summary>
    private ShareMetadata? MetadataFor(DmaBuffer buffer, Channel channel)
    {
        if (Name is null && Metadata is null && PrivateData is null)
            return null;
        var before = channel.Find(buffer)?.Metadata ?? ShareMetadata.Empty;
        return before with
        {
            Name = Name ?? before.Name,
            Picture = Metadata ?? before.Picture,
            PrivateData = PrivateData switch
            {
                null => before.PrivateData,
                byte[] bytes => bytes,
                var text => Encoding.UTF8.GetBytes((string)text),
            },
        };
    }

    private IReadOnlyList<Channel> OpenChannels()
    {
        var open = Session.Channels.Channels;
        if (open.Count == 0)
            ThrowTerminatingError(ChannelArgumentAttribute.NoneOpen());
        return open;
    }
}
