using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>Import-GrantRefs: makes buffers from pages that another domain granted to this one.</summary>
[Cmdlet(
    VerbsData.Import,
    "GrantRefs",
    DefaultParameterSetName = ByObject,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class ImportGrantRefsCommand : DmaBufCmdlet
{
    private const string ByObject = "Object";
    private const string ByNumber = "Number";
    private const string ByDirectory = "Directory";
    private ushort _own;
    private ImportMethod _method;

    /// <summary>
    /// References from Export-GrantRefs, or buffers from New-GrantBuf, run in a remote session or job, or read from a
    /// Clixml file.
    /// </summary>
    [Parameter(
        ParameterSetName = ByObject,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [GrantRefsArgument]
    public GrantRefs[] InputObject { get; set; } = [];

    /// <summary>The references' numbers, in buffer order.</summary>
    [Parameter(ParameterSetName = ByNumber, Mandatory = true, Position = 0)]
    public uint[] Ref { get; set; } = [];

    /// <summary>The reference of a directory.</summary>
    [Parameter(ParameterSetName = ByDirectory, Mandatory = true)]
    public uint Directory { get; set; }

    /// <summary>The size in bytes of the buffer that the directory lists.</summary>
    [Parameter(ParameterSetName = ByDirectory, Mandatory = true)]
    public long Size { get; set; }

    /// <summary>The exporting domain: its id or its name. GrantRefs objects already contain it.</summary>
    [Parameter(ParameterSetName = ByObject)]
    [Parameter(ParameterSetName = ByNumber, Mandatory = true)]
    [Parameter(ParameterSetName = ByDirectory, Mandatory = true)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <summary>The name of the imported buffers: at most 31 bytes.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Maps the pages even where the kernel could make a dma-buf.</summary>
    [Parameter]
    public SwitchParameter Mapping { get; set; }

    /// <summary>Fails where the kernel cannot make a dma-buf, instead of mapping the pages.</summary>
    [Parameter]
    public SwitchParameter RequireDmaBuf { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _method = MethodOf(Mapping, RequireDmaBuf);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ushort? exporter = null;
        var isFound = Try(Domain, () =>
        {
            using var limit = NewLimit(0);
            using var store = XenStore.Open(limit);
            _own = XenDomain.OwnId(store);
            exporter = Domain is null ? null : XenDomain.Find(store, Domain);
        });
        if (!isFound)
            return;
        switch (ParameterSetName)
        {
            case ByNumber:
                Import(new GrantRefs { Domain = exporter!.Value, PeerDomain = _own, Refs = Ref });
                break;
            case ByDirectory:
                if (ShouldProcess($"directory {Directory} of domain {exporter}", "Import"))
                    Try(Directory, () => WriteImport(GrantDirectory.Read(exporter!.Value, _own, Directory, Size)));
                break;
            default:
                foreach (var grants in InputObject)
                    Import(grants with { Domain = exporter ?? grants.Domain });
                break;
        }
    }

    private void Import(GrantRefs grants)
    {
        if (ShouldProcess(grants.ToString(), "Import"))
            Try(grants, () => WriteImport(grants));
    }

    private void WriteImport(GrantRefs grants)
    {
        GrantMapper.CheckIsFor(grants, _own);
        DmaBuffer.CheckName(Name);
        WriteObject(Session.Add(GrantMapper.Import(grants, _method), Name));
    }
}
