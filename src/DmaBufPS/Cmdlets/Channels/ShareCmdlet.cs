using System.Management.Automation;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>What the cmdlets for shares have in common: they take shares, or their ids.</summary>
public abstract class ShareCmdlet : DmaBufCmdlet
{
    private protected const string ByObject = "Share";
    private protected const string ById = "Id";

    /// <summary>The shares, or events about them.</summary>
    [Parameter(
        ParameterSetName = ByObject,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Share")]
    public ChannelShare[] InputObject { get; set; } = [];

    /// <summary>The shares' ids.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true)]
    [ArgumentCompleter(typeof(ShareIdCompleter))]
    public ShareId[] Id { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var share in InputObject)
            Process(share);
        foreach (var id in Id)
        {
            var found = Session.Channels.Find(id).Where(IsWanted).ToList();
            if (found.Count == 0)
                WriteError(NotFound(id));
            found.ForEach(Process);
        }
    }

    /// <summary>Does the work for one share.</summary>
    protected abstract void Process(ChannelShare share);

    /// <summary>Whether an id stands for this one of the two ends of a share.</summary>
    protected virtual bool IsWanted(ChannelShare share) => share?.IsExported ?? false;

    /// <summary>The error for an id that no share has.</summary>
    internal static ErrorRecord NotFound(object id) => ErrorRecords.From(
        new ItemNotFoundException($"No channel of this process has a share '{id}'."),
        "Share,Unknown",
        ErrorCategory.ObjectNotFound,
        id,
        "Get-DmaBufShare lists the shares; an id ends with its share, and is new when the buffer is published again.");

    private protected static ErrorRecord NotExported(ChannelShare share) => ErrorRecords.From(
        new PSArgumentException($"The {share} is the peer's."),
        "Share,NotExported",
        ErrorCategory.InvalidArgument,
        share,
        "Only the side that published a share can do that. Remove-DmaBuf gives an imported buffer back.");
}
