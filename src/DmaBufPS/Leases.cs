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

    /// <summary>The peers that got the references; null where this process has no lease for them.</summary>
    internal static PeerLinks? LinksOf(GrantRefs grants) => Find(grants)?.Links;

    /// <summary>The peers that got references of a buffer, of each of its leases.</summary>
    internal static IEnumerable<PeerLinks> LinksOf(DmaBuffer buffer) =>
        s_leases.Keys.Where(lease => lease.Buffer == buffer).Select(lease => lease.Links);

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

        public PeerLinks Links { get; } = new();

        public void End()
        {
            Links.Dispose();
            Array.ForEach(parts, part => part.Dispose());
        }
    }
}
