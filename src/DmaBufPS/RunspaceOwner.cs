using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace DmaBufPS;

/// <summary>A runspace as the owner of buffers and shares, which do not keep it alive.</summary>
internal sealed class RunspaceOwner
{
    private static readonly ConditionalWeakTable<Runspace, RunspaceOwner> s_owners = [];
    private static readonly RunspaceOwner s_none = new(null);

    private readonly WeakReference<Runspace?> _runspace;

    private RunspaceOwner(Runspace? runspace) => _runspace = new WeakReference<Runspace?>(runspace);

    /// <summary>The runspace that runs this thread's pipeline.</summary>
    public static RunspaceOwner Current => Runspace.DefaultRunspace is { } runspace
        ? s_owners.GetValue(runspace, key => new RunspaceOwner(key))
        : s_none;

    /// <summary>Whether the runspace is closed, so that it cannot remove the module any more.</summary>
    public bool HasEnded =>
        !_runspace.TryGetTarget(out var runspace)
        || runspace.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken;
}
