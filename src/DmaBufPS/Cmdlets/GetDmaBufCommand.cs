using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Discovery;
using DmaBuf.Tracing;

namespace DmaBufPS;

/// <summary>Get-DmaBuf: this session's buffers, or every process's.</summary>
[Cmdlet(VerbsCommon.Get, "DmaBuf", DefaultParameterSetName = OfSession)]
[OutputType(typeof(DmaBuffer), ParameterSetName = [OfSession])]
[OutputType(typeof(DmaBufHolder), ParameterSetName = [nameof(System)])]
public sealed class GetDmaBufCommand : DmaBufCmdlet
{
    private const string OfSession = "Session";

    /// <summary>Names to look for; wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(BufferNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Inode numbers to look for.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ulong[]? Inode { get; set; }

    /// <summary>
    /// Searches every process that this user may inspect for dma-bufs, and lists this session's other buffers too.
    /// </summary>
    [Parameter(ParameterSetName = nameof(System), Mandatory = true)]
    public SwitchParameter System { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!System)
        {
            WriteMatches(Session.Table.Buffers, buffer => (buffer.Name, buffer.Inode));
            return;
        }

        Try(null, () =>
        {
            var system = SystemBuffers.Scan(Cancellation);
            var others = Session.Table.Buffers.Where(buffer => !buffer.IsDmaBuf).Select(SystemBuffers.HolderOf);
            WriteMatches([.. system.Holders, .. others], holder => (holder.Name, holder.Inode));
            if (system.DeniedProcesses > 0)
            {
                WriteWarning(
                    $"{system.DeniedProcesses} processes of other users could not be inspected: run as root to see "
                    + "their buffers too.");
            }
        });
    }

    private void WriteMatches<T>(IReadOnlyList<T> all, Func<T, (string? Name, ulong Inode)> identity)
    {
        WriteObject(all.Where(item => Matches(identity(item))), enumerateCollection: true);
        var missingNames = Name?
            .Where(name => !WildcardPattern.ContainsWildcardCharacters(name))
            .Where(name => !all.Any(item => IsNamed(name, identity(item).Name)));
        foreach (var name in missingNames ?? [])
            NotFound($"named '{name}'", name);
        foreach (var inode in Inode?.Where(inode => !all.Any(item => identity(item).Inode == inode)) ?? [])
            NotFound($"with inode {inode}", inode);
    }

    private bool Matches((string? Name, ulong Inode) item) =>
        (Inode is null || Inode.Contains(item.Inode))
        && (Name is null || Name.Any(pattern => IsNamed(pattern, item.Name)));

    private static bool IsNamed(string pattern, string? name) =>
        NamePattern.Matches(pattern, name, WildcardOptions.IgnoreCase);

    private void NotFound(string which, object target)
    {
        var failure = new ItemNotFoundException(VisibleText.Of($"No open buffer {which} was found."));
        var record = new ErrorRecord(failure, "Buffer,NotFound", ErrorCategory.ObjectNotFound, target)
        {
            ErrorDetails = new ErrorDetails(failure.Message)
            {
                RecommendedAction = System
                    ? "Get-DmaBuf -System lists the dma-bufs of every process; of other buffers, such as memfds, it "
                        + "knows only this session's."
                    : "Get-DmaBuf lists this session's buffers, Get-DmaBuf -System those of every process.",
            },
        };
        record.CategoryInfo.TargetName = VisibleText.Of($"{target}");
        WriteError(record);
    }
}
