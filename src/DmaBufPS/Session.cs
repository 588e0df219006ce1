using System.Management.Automation;
using System.Management.Automation.Runspaces;
using DmaBuf.Buffers;
using DmaBuf.Sharing;

namespace DmaBufPS;

/// <summary>
/// The buffers and shares of this process. Each belongs to the runspace that made it and ends when that runspace
/// removes the module, never because a variable goes out of scope.
/// </summary>
public sealed class Session : IModuleAssemblyCleanup
{
    /// <summary>The one table of the process: its threads and runspaces share descriptors and grants anyway.</summary>
    internal static ShareTable Table { get; } = new();

    /// <summary>The owner of the buffers and shares that a cmdlet makes now.</summary>
    internal static object Owner => Runspace.DefaultRunspace?.InstanceId ?? Guid.Empty;

    /// <summary>Adds a buffer to the session.</summary>
    internal static DmaBuffer Add(DmaBuffer buffer) => Table.Add(buffer, Owner);

    /// <summary>Ends what belongs to the runspace that removes the module.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => Table.RemoveOwned(Owner);
}
