using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>New-GrantBuf: makes pages that another domain may map from the start, without a dma-buf.</summary>
[Cmdlet(VerbsCommon.New, "GrantBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class NewGrantBufCommand : DmaBufCmdlet
{
    private ushort _own;
    private ushort _peer;

    /// <summary>Sizes in bytes, one buffer for each; multiples of 4096.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public long[] Size { get; set; } = [];

    /// <summary>The domain that may map the pages: its id or its name.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string Domain { get; set; } = "";

    /// <inheritdoc/>
    protected override void BeginProcessing() => TryOrStop(Domain, () =>
    {
        using var limit = NewLimit(0);
        (_own, _peer) = XenDomain.FindPeer(Domain, limit);
    });

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var size in Size)
        {
            if (ShouldProcess($"{size} bytes for domain {_peer}", "Allocate granted pages"))
                Try(size, () => WriteObject(Share(size)));
        }
    }

    private DmaBuffer Share(long size)
    {
        var buffer = Session.Add(GrantAllocator.Allocate(size, _own, _peer));
        Leases.Add(buffer, GrantRefs.Of(buffer)!, buffer);
        return buffer;
    }
}
