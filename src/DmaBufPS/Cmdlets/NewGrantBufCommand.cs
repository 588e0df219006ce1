using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>
/// New-GrantBuf: allocates pages that are granted to another domain from the start, without a dma-buf.
/// </summary>
[Cmdlet(VerbsCommon.New, "GrantBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class NewGrantBufCommand : DmaBufCmdlet
{
    private (ushort Own, ushort Peer)? _domains;

    /// <summary>Sizes in bytes, one buffer for each; multiples of 4096.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [NewSizeArgument]
    public long[] Size { get; set; } = [];

    /// <summary>The domain that may map the pages: its id or its name.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string Domain { get; set; } = "";

    /// <summary>The buffer's name: at most 31 bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var size in Size)
        {
            if (ShouldProcess($"{size} bytes for domain {Domain}", "Allocate granted pages")
                && (_domains ??= FindPeer(Domain)) is var (own, peer))
            {
                Try(size, () => WriteObject(
                    Session.Table.AddGrantPages(size, own, peer, Session.Owner, NameOrNull(Name))));
            }
        }
    }
}
