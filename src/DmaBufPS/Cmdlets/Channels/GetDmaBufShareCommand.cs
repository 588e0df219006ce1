using System.Management.Automation;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>Get-DmaBufShare: what is shared on the channels of this process.</summary>
[Cmdlet(VerbsCommon.Get, "DmaBufShare")]
[OutputType(typeof(ExportedShare), typeof(ImportedShare))]
public sealed class GetDmaBufShareCommand : DmaBufCmdlet
{
    /// <summary>Only shares with these names, which may contain wildcards.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ShareNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Only the shares with these ids.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ShareIdCompleter))]
    public ShareId[] Id { get; set; } = [];

    /// <summary>Only shares of these channels, given as such or by number.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ChannelArgument]
    [ArgumentCompleter(typeof(ChannelCompleter))]
    [ValidateNotNullOrEmpty]
    public Channel[]? Channel { get; set; }

    /// <summary>Only buffers of this process.</summary>
    [Parameter]
    public SwitchParameter Exported { get; set; }

    /// <summary>Only buffers of the peers.</summary>
    [Parameter]
    public SwitchParameter Imported { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var patterns = Array.ConvertAll(Name, name => new WildcardPattern(name, WildcardOptions.IgnoreCase));
        var all = (Channel ?? Session.Channels.Channels).SelectMany(channel => channel.Shares)
            .Where(share => Exported == Imported || share.IsExported == Exported)
            .Where(share => patterns.Length == 0
                || Array.Exists(patterns, pattern => pattern.IsMatch(share.Name ?? "")))
            .ToList();
        if (Id.Length == 0)
        {
            WriteObject(all, enumerateCollection: true);
            return;
        }

        foreach (var id in Id)
        {
            var found = all.FindAll(share => share.Id == id);
            if (found.Count == 0)
                WriteError(ShareCmdlet.NotFound(id));
            WriteObject(found, enumerateCollection: true);
        }
    }
}
