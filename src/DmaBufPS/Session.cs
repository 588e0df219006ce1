using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using DmaBuf;

namespace DmaBufPS;

/// <summary>
/// The open buffers of this process, each owned here until it is removed: a buffer never goes because a variable did.
/// Each remembers the runspace that made it, whose module removal closes it.
/// </summary>
public sealed class Session : IModuleAssemblyCleanup
{
    private static readonly ConcurrentDictionary<DmaBuffer, (Guid Owner, long Number)> s_buffers = new();
    private static long s_last;

    /// <summary>The open buffers, oldest first.</summary>
    internal static IEnumerable<DmaBuffer> Buffers
    {
        get
        {
            foreach (var buffer in s_buffers.Keys.Where(buffer => !buffer.IsOpen))
                s_buffers.TryRemove(buffer, out _);
            return s_buffers.ToArray().OrderBy(entry => entry.Value.Number).Select(entry => entry.Key);
        }
    }

    /// <summary>Takes a buffer into the session.</summary>
    internal static DmaBuffer Add(DmaBuffer buffer)
    {
        s_buffers[buffer] = (RunspaceId, Interlocked.Increment(ref s_last));
        return buffer;
    }

    /// <summary>Closes a buffer and forgets it.</summary>
    internal static void Remove(DmaBuffer buffer)
    {
        s_buffers.TryRemove(buffer, out _);
        buffer.Dispose();
        Leases.EndLeasesOfRemovedBuffers();
    }

    /// <summary>Closes the buffers of the runspace that removes the module.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        foreach (var (buffer, entry) in s_buffers)
        {
            if (entry.Owner == RunspaceId)
                Remove(buffer);
        }
    }

    private static Guid RunspaceId => Runspace.DefaultRunspace?.InstanceId ?? Guid.Empty;
}
