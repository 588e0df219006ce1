using System.Management.Automation;
using System.Management.Automation.Runspaces;
using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>
/// The live exports of this process, one lease for each set of references. A lease never ends because a variable did:
/// only by Revoke-GrantRefs, the removal of its buffer or of the module, or the end of the process.
/// </summary>
public sealed class Leases : IModuleAssemblyCleanup
{
    private static readonly List<Lease> s_leases = [];

    /// <summary>The references of all live leases, in the order they were made.</summary>
    internal static IReadOnlyList<GrantRefs> Grants
    {
        get
        {
            EndLeasesOfRemovedBuffers();
            lock (s_leases)
                return [.. s_leases.Select(lease => lease.Grants)];
        }
    }

    /// <summary>Takes a lease. References of the same buffer that have one already go on with it, and with a directory that was made of them.</summary>
    internal static GrantRefs Add(DmaBuffer buffer, GrantRefs grants, params IDisposable[] parts)
    {
        lock (s_leases)
        {
            var lease = Find(grants);
            if (lease is null || lease.Buffer != buffer)
                s_leases.Add(lease = new Lease(buffer, grants));
            if (grants.Directory is not null)
                lease.Grants = grants;
            lease.Parts.AddRange(parts);
        }

        return grants;
    }

    /// <summary>The directory that a lease has of the same references already, or null.</summary>
    internal static GrantRefs? DirectoryOf(GrantRefs grants)
    {
        lock (s_leases)
            return Find(grants)?.Grants is { Directory: not null } listed ? listed : null;
    }

    /// <summary>The peers that got the references; null where this process has no lease for them.</summary>
    internal static PeerLinks? LinksOf(GrantRefs grants)
    {
        lock (s_leases)
            return Find(grants)?.Links;
    }

    /// <summary>The peers that got references of a buffer, of each of its leases.</summary>
    internal static IReadOnlyList<PeerLinks> LinksOf(DmaBuffer buffer)
    {
        lock (s_leases)
            return [.. s_leases.Where(lease => lease.Buffer == buffer).Select(lease => lease.Links)];
    }

    /// <summary>Ends a lease. False where this process has none for these references.</summary>
    internal static bool End(GrantRefs grants)
    {
        Lease? lease;
        lock (s_leases)
            lease = Find(grants);
        return lease is not null && End(other => other == lease);
    }

    /// <summary>Ends the leases of buffers that are removed.</summary>
    internal static void EndLeasesOfRemovedBuffers() => End(lease => !lease.Buffer.IsOpen);

    /// <summary>Ends the leases of the runspace that removes the module.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => End(lease => lease.Owner == RunspaceId);

    private static Guid RunspaceId => Runspace.DefaultRunspace?.InstanceId ?? Guid.Empty;

    /// <summary>
    /// References that were deserialized are other objects: their numbers say whose they are. Those of a removed buffer may
    /// be another's by now.
    /// </summary>
    private static Lease? Find(GrantRefs grants) => s_leases.Find(lease =>
        lease.Buffer.IsOpen && lease.Grants.Domain == grants.Domain && lease.Grants.PeerDomain == grants.PeerDomain && lease.Grants.Refs.SequenceEqual(grants.Refs));

    private static bool End(Predicate<Lease> choice)
    {
        List<Lease> ended;
        lock (s_leases)
        {
            ended = s_leases.FindAll(choice);
            s_leases.RemoveAll(ended.Contains);
        }

        // Outside the lock: the end of an offer waits for xenstore.
        foreach (var lease in ended)
        {
            lease.Links.Dispose();
            lease.Parts.ForEach(part => part.Dispose());
        }

        return ended.Count > 0;
    }

    private sealed class Lease(DmaBuffer buffer, GrantRefs grants)
    {
        public DmaBuffer Buffer => buffer;

        public Guid Owner { get; } = RunspaceId;

        public GrantRefs Grants { get; set; } = grants;

        public List<IDisposable> Parts { get; } = [];

        public PeerLinks Links { get; } = new();
    }
}
