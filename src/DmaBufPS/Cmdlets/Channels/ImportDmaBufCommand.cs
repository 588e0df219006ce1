using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>Import-DmaBuf: makes buffers of what the peers of channels offer.</summary>
[Cmdlet(
    VerbsData.Import,
    "DmaBuf",
    DefaultParameterSetName = ByObject,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class ImportDmaBufCommand : ShareCmdlet
{
    private const string ByName = "Name";
    private ImportMethod _method;

    /// <summary>The share's name; the cmdlet waits until a share with this name is published.</summary>
    [Parameter(ParameterSetName = ByName, Mandatory = true)]
    [ArgumentCompleter(typeof(ShareNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>The channel, or its number, on which a name is looked for; by default all.</summary>
    [Parameter(ParameterSetName = ByName)]
    [ChannelArgument]
    [ArgumentCompleter(typeof(ChannelCompleter))]
    [ValidateNotNullOrEmpty]
    public Channel[]? Channel { get; set; }

    /// <summary>The buffer's own name: at most 31 bytes. A dma-buf is renamed for all who hold it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BufferName { get; set; }

    /// <summary>Maps the pages even where the kernel could make a dma-buf.</summary>
    [Parameter]
    public SwitchParameter Mapping { get; set; }

    /// <summary>Fails where the kernel cannot make a dma-buf, instead of mapping the pages.</summary>
    [Parameter]
    public SwitchParameter RequireDmaBuf { get; set; }

    /// <summary>The time limit for each buffer: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _method = MethodOf(Mapping, RequireDmaBuf);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName != ByName)
        {
            base.ProcessRecord();
        }
        else if (ShouldProcess(Name, "Import"))
        {
            Try(Name, () =>
            {
                using var limit = NewLimit(TimeoutSec);
                var share = Session.Channels.WaitForShare(Channel, Name, limit);
                WriteObject(share.Import(_method, limit, Session.Owner, BufferName));
            });
        }
    }

    /// <inheritdoc/>
    protected override bool IsWanted(ChannelShare share) => share is ImportedShare;

    /// <inheritdoc/>
    protected override void Process(ChannelShare share)
    {
        if (share is not ImportedShare imported)
        {
            WriteError(ErrorRecords.From(
                new PSArgumentException($"The {share} is a buffer of this process."),
                "Share,NotImported",
                ErrorCategory.InvalidArgument,
                share,
                "Its property Buffer holds the buffer; the peer imports it."));
        }
        else if (ShouldProcess($"{share}", "Import"))
        {
            Try(share, () =>
            {
                using var limit = NewLimit(TimeoutSec);
                WriteObject(imported.Import(_method, limit, Session.Owner, BufferName));
            });
        }
    }
}
