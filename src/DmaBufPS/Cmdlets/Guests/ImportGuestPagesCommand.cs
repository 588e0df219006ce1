using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Import-GuestPages: makes dma-bufs of this host from pages of a KVM guest.</summary>
[Cmdlet(VerbsData.Import, "GuestPages", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class ImportGuestPagesCommand : DmaBufCmdlet
{
    /// <summary>Pages from Export-GuestPages, run in the guest, or read from a Clixml file.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [GuestPagesArgument]
    public GuestPages[] InputObject { get; set; } = [];

    /// <summary>The guest whose pages they are, or its name.</summary>
    [Parameter(Mandatory = true)]
    [GuestArgument]
    [ArgumentCompleter(typeof(GuestCompleter))]
    public GuestMemory Guest { get; set; } = null!;

    /// <summary>The name of the imported buffers: at most 31 bytes.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var pages in InputObject)
        {
            if (ShouldProcess($"{pages}", $"Import from {Guest}"))
                Try(pages, () => Import(pages));
        }
    }

    private void Import(GuestPages pages)
    {
        DmaBuffer.CheckName(Name);
        WriteObject(Session.Add(Guest.Import(pages), Name));
    }
}
