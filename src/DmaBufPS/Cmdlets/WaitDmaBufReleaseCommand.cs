using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Sharing.Channels;
using DmaBuf.Waits;

namespace DmaBufPS;

/// <summary>Wait-DmaBufRelease: waits until the peers that received a buffer are done with it.</summary>
[Cmdlet(
    VerbsLifecycle.Wait,
    "DmaBufRelease",
    DefaultParameterSetName = ByObject,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer), typeof(GrantRefs), typeof(GuestPages), typeof(ExportedShare))]
public sealed class WaitDmaBufReleaseCommand : DmaBufCmdlet
{
    private const string ByObject = "Object";
    private const string ById = "Id";

    /// <summary>
    /// Buffers, their names, or references or pages that were sent, dma-bufs made from another domain's references, or
    /// published shares.
    /// </summary>
    [Parameter(
        ParameterSetName = ByObject,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [GrantRefsArgument(OrBuffer = true, OrGuestPages = true, OrShare = true)]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public object[] InputObject { get; set; } = [];

    /// <summary>The ids of published shares.</summary>
    [Parameter(ParameterSetName = ById, Mandatory = true)]
    [ArgumentCompleter(typeof(ShareIdCompleter))]
    public ShareId[] Id { get; set; } = [];

    /// <summary>The time limit for each object: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>Returns the buffers or references once their peers are done.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var item in FindItems(InputObject).Concat(FindShares()))
        {
            if (ShouldProcess($"{item}", "Wait for release") && Try(item, () => WaitFor(item)) && PassThru)
                WriteObject(item);
        }
    }

    private IEnumerable<object> FindShares()
    {
        foreach (var id in Id)
        {
            var found = Session.Channels.Find(id).OfType<ExportedShare>().ToList();
            if (found.Count == 0)
                WriteError(ShareCmdlet.NotFound(id));
            foreach (var share in found)
                yield return share;
        }
    }

    private void WaitFor(object item)
    {
        using var limit = NewLimit(TimeoutSec);
        switch (item)
        {
            case SharedPages pages:
                Session.Table.WaitReleased(pages, limit);
                break;
            case ExportedShare share:
                share.WaitReleased(limit);
                break;
            default:
                WaitFor((DmaBuffer)item, limit);
                break;
        }
    }

    /// <summary>A buffer stands for its shares on channels, and for what was sent of it.</summary>
    private static void WaitFor(DmaBuffer buffer, WaitLimit limit)
    {
        var shares = Session.Channels.Channels.Select(channel => channel.Find(buffer)).OfType<ExportedShare>().ToList();
        shares.ForEach(share => share.WaitReleased(limit));
        try
        {
            Session.Table.WaitReleased(buffer, limit);
        }
        catch (BufferException e) when (e.Fault == BufferFault.NoPeer && shares.Count > 0)
        {
            // It was published, and not sent.
        }
    }
}
