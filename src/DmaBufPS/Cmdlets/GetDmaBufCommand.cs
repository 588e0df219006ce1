using System.Management.Automation;
using DmaBuf;

namespace DmaBufPS;

/// <summary>Get-DmaBuf: this session's buffers, or every process's.</summary>
[Cmdlet(VerbsCommon.Get, "DmaBuf", DefaultParameterSetName = OfSession)]
[OutputType(typeof(DmaBuffer), ParameterSetName = [OfSession])]
[OutputType(typeof(DmaBufHolder), ParameterSetName = [nameof(System)])]
public sealed class GetDmaBufCommand : DmaBufCmdlet
{
    private const string OfSession = "Session";

    /// <summary>Names to look for; wildcards are welcome.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BufferNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Inode numbers to look for.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ulong[]? Inode { get; set; }

    /// <summary>Looks through every process this user may look into.</summary>
    [Parameter(ParameterSetName = nameof(System), Mandatory = true)]
    public SwitchParameter System { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!System)
        {
            WriteObject(Session.Buffers.Where(buffer => Matches(buffer.Name, buffer.Inode)).ToArray(), enumerateCollection: true);
            return;
        }

        Try(null, () =>
        {
            var system = SystemBuffers.Scan(Cancellation);
            WriteObject(system.Holders.Where(holder => Matches(holder.Name, holder.Inode)), enumerateCollection: true);
            if (system.DeniedProcesses > 0)
                WriteWarning($"{system.DeniedProcesses} processes of other users could not be looked into: run as root to see theirs too.");
        });
    }

    private bool Matches(string? name, ulong inode) =>
        (Inode is null || Inode.Contains(inode))
        && (Name is null || (name is not null && Name.Any(pattern => WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase).IsMatch(name))));
}
