using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>
/// The open buffers of this process, each owned here until it is removed: a buffer never goes because a variable did.
/// Each remembers the runspace that made it, whose module removal closes it, and the peers that got its descriptor.
/// </summary>
public sealed class Session : IModuleAssemblyCleanup
{
    private static readonly ConcurrentDictionary<DmaBuffer, Entry> s_buffers = new();

    /// <summary>The open buffers, oldest first. Those that hold nothing any more are forgotten.</summary>
    internal static IEnumerable<DmaBuffer> Buffers
    {
        get
        {
            foreach (var buffer in s_buffers.Keys.Where(buffer => !buffer.IsHeld))
                Forget(buffer);
            return s_buffers.ToArray().Where(pair => pair.Key.IsOpen).OrderBy(pair => pair.Value.Number).Select(pair => pair.Key);
        }
    }

    /// <summary>Takes a buffer into the session.</summary>
    internal static DmaBuffer Add(DmaBuffer buffer)
    {
        s_buffers[buffer] = new Entry(RunspaceId);
        return buffer;
    }

    /// <summary>The peers that got a buffer's descriptor; null for a buffer that is not in the session.</summary>
    internal static PeerLinks? LinksOf(DmaBuffer buffer) => s_buffers.GetValueOrDefault(buffer)?.Links;

    /// <summary>Closes a buffer and forgets it.</summary>
    internal static void Remove(DmaBuffer buffer)
    {
        Forget(buffer);
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

    private static void Forget(DmaBuffer buffer)
    {
        if (s_buffers.TryRemove(buffer, out var entry))
            entry.Links.Dispose();
    }

    private sealed class Entry(Guid owner)
    {
        private static long s_last;

        public long Number { get; } = Interlocked.Increment(ref s_last);

        public Guid Owner => owner;

        public PeerLinks Links { get; } = new();
    }
}
