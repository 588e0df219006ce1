using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using DmaBuf;

namespace DmaBufPS;

/// <summary>
/// The live exports of this process. A lease never ends because a variable did: only by Revoke-GrantRefs, the removal
/// of its buffer or of the module, or the end of the process.
/// </summary>
public sealed class Leases : IModuleAssemblyCleanup
{
    private static readonly ConcurrentDictionary<Lease, Guid> s_leases = new();

    /// <summary>The references of all live leases, in the order they were made.</summary>
    internal static IEnumerable<GrantRefs> Grants
    {
        get
        {
            EndLeasesOfRemovedBuffers();
            return s_leases.Keys.OrderBy(lease => lease.Number).Select(lease => lease.Grants);
        }
    }

    /// <summary>Takes a lease.</summary>
    internal static GrantRefs Add(DmaBuffer buffer, GrantRefs grants, params IDisposable[] parts)
    {
        s_leases[new Lease(buffer, grants, parts)] = Runspace.DefaultRunspace?.InstanceId ?? Guid.Empty;
        return grants;
    }

    /// <summary>Keeps a connection to a peer open with the lease, so that its hang-up can be waited for.</summary>
    internal static void Attach(GrantRefs grants, PeerConnection peer)
    {
        if (Find(grants) is { } lease)
            lease.Peers.Add(peer);
        else
            peer.Dispose();
    }

    /// <summary>The connections over which the references were sent and that are still open on this side.</summary>
    internal static IReadOnlyList<PeerConnection> PeersOf(GrantRefs grants) => Find(grants)?.Peers ?? [];

    /// <summary>Ends a lease. False where this process has none for these references.</summary>
    internal static bool End(GrantRefs grants)
    {
        var lease = Find(grants);
        if (lease is null || !s_leases.TryRemove(lease, out _))
            return false;
        lease.End();
        return true;
    }

    /// <summary>Ends the leases of buffers that are removed.</summary>
    internal static void EndLeasesOfRemovedBuffers()
    {
        foreach (var lease in s_leases.Keys.Where(lease => !lease.Buffer.IsOpen))
        {
            if (s_leases.TryRemove(lease, out _))
                lease.End();
        }
    }

    /// <summary>Ends the leases of the runspace that removes the module.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        foreach (var (lease, owner) in s_leases)
        {
            if (owner == (Runspace.DefaultRunspace?.InstanceId ?? Guid.Empty) && s_leases.TryRemove(lease, out _))
                lease.End();
        }
    }

    /// <summary>References that were deserialized are other objects: their numbers say whose they are.</summary>
    private static Lease? Find(GrantRefs grants) => s_leases.Keys.FirstOrDefault(lease =>
        lease.Grants.Domain == grants.Domain && lease.Grants.PeerDomain == grants.PeerDomain && lease.Grants.Refs.SequenceEqual(grants.Refs));

    private sealed class Lease(DmaBuffer buffer, GrantRefs grants, IDisposable[] parts)
    {
        private static long s_last;

        public long Number { get; } = Interlocked.Increment(ref s_last);

        public DmaBuffer Buffer => buffer;

        public GrantRefs Grants => grants;

        public List<PeerConnection> Peers { get; } = [];

        public void End()
        {
            Peers.ForEach(peer => peer.Dispose());
            Array.ForEach(parts, part => part.Dispose());
        }
    }
}
