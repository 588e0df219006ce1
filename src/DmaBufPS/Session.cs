using System.Management.Automation;
using System.Management.Automation.Runspaces;
using DmaBuf.Buffers;
using DmaBuf.Sharing;

namespace DmaBufPS;

/// <summary>
/// The buffers and shares of this process. Each remembers the runspace that made it, whose module removal ends it: never
/// does a variable that goes.
/// </summary>
public sealed class Session : IModuleAssemblyCleanup
{
    /// <summary>The one table of the process: threads and runspaces share descriptors and grants anyway.</summary>
    internal static ShareTable Table { get; } = new();

    /// <summary>Whose buffers and shares a cmdlet makes now.</summary>
    internal static object Owner => Runspace.DefaultRunspace?.InstanceId ?? Guid.Empty;

    /// <summary>Takes a buffer into the session.</summary>
    internal static DmaBuffer Add(DmaBuffer buffer) => Table.Add(buffer, Owner);

    /// <summary>Ends what belongs to the runspace that removes the module.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => Table.RemoveOwned(Owner);
}
