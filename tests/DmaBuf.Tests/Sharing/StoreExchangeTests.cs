using System.Globalization;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>The exchange by xenstore, as far as it is said over xenstore: the pages themselves need Xen.</summary>
public sealed class StoreExchangeTests
{
    private const string Name = "camera";
    private static readonly Endpoint s_endpoint = Endpoint.Parse($"xenstore:{Name}");
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    [InlineData(3, 4)]
    public void References_cross_and_the_release_is_seen_and_nothing_is_left(int exporter, int importer)
    {
        using var daemon = new StoreDaemon(0, 3, 4);
        var before = daemon.Tree.Paths.ToList();
        var grants = Grants(exporter, importer, 5000);
        using var limit = new WaitLimit(s_limit);
        var sending = Start(() => Send(daemon, grants, limit));
        var seen = default(GrantRefs);
        using (Receive(daemon, exporter, importer, limit, imported => seen = imported))
        {
            using var offer = sending.Result;
            Assert.Equal(grants.Refs, seen!.Refs);
            Assert.Equal((grants.Domain, grants.PeerDomain, grants.Size), (seen.Domain, seen.PeerDomain, seen.Size));
            Assert.False(offer.IsDone);
            using var shortLimit = new WaitLimit(TimeSpan.FromMilliseconds(50));
            Assert.Throws<WaitTimeoutException>(() => offer.WaitUntilDone(shortLimit));
            var node = Node(exporter, importer);
            Assert.Equal("imported", daemon.Read($"{node}/release"));
            Assert.Equal([$"n{exporter}", $"b{importer}"], daemon.Tree.PermissionsOf($"{node}/release"));
            foreach (var other in new[] { "", "/owner", "/size", "/refs", "/refs/0", "/state" })
                Assert.Equal([$"n{exporter}", $"r{importer}"], daemon.Tree.PermissionsOf(node + other));
        }

        using (var offer = sending.Result)
        {
            offer.WaitUntilDone(limit);
            Assert.True(offer.IsDone);
        }

        Assert.Equal(before, daemon.Tree.Paths);
    }

    [Fact]
    public void The_importer_may_wait_before_there_is_an_offer()
    {
        using var daemon = new StoreDaemon(3, 4);
        using var limit = new WaitLimit(s_limit);
        var receiving = Start(() => Receive(daemon, 3, 4, limit));
        Thread.Sleep(300);
        using var offer = Send(daemon, Grants(3, 4, 2), limit);
        receiving.Result.Dispose();
        offer.WaitUntilDone(limit);
    }

    [Fact]
    public void A_directory_goes_as_one_reference()
    {
        using var daemon = new StoreDaemon(3, 4);
        using var shortLimit = new WaitLimit(TimeSpan.FromSeconds(1));
        var sending = Start(() => Assert.Throws<WaitTimeoutException>(() => Send(daemon, Grants(3, 4, 2) with { Directory = 77 }, shortLimit)));
        Await(() => daemon.Read($"{Node(3, 4)}/state") == "ready");
        Assert.Equal("77", daemon.Read($"{Node(3, 4)}/directory"));
        Assert.Equal("8192", daemon.Read($"{Node(3, 4)}/size"));
        Assert.Null(daemon.Read($"{Node(3, 4)}/refs"));
        sending.Wait(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(daemon.Tree.Paths, path => path.Contains("dmabufps", StringComparison.Ordinal));
    }

    [Fact]
    public void The_exporter_hears_why_an_import_failed_without_control_characters()
    {
        using var daemon = new StoreDaemon(3, 4);
        using var limit = new WaitLimit(s_limit);
        var sending = Start(() => Assert.Throws<PeerException>(() => Send(daemon, Grants(3, 4, 1), limit)));
        Assert.Throws<InvalidOperationException>(() => StoreClaim.Receive(s_endpoint, 3, _ => throw new InvalidOperationException("no\u001b[31m grant"), limit, daemon.OpenFor(4)));
        Assert.Equal("Peer,ImportFailed", sending.Result.ErrorId);
        Assert.Contains("no [31m grant", sending.Result.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(daemon.Tree.Paths, path => path.Contains("dmabufps", StringComparison.Ordinal));
    }

    [Fact]
    public void A_name_in_use_is_refused_until_the_peer_is_done()
    {
        using var daemon = new StoreDaemon(3, 4);
        using var limit = new WaitLimit(s_limit);
        var sending = Start(() => Send(daemon, Grants(3, 4, 1), limit));
        var buffer = Receive(daemon, 3, 4, limit);
        using var first = sending.Result;
        Assert.Equal("Address,InUse", Assert.Throws<AddressException>(() => Send(daemon, Grants(3, 4, 1), limit)).ErrorId);
        Assert.False(first.IsDone);
        buffer.Dispose();

        // The first offer was not withdrawn yet; its own withdrawal leaves the second alone.
        sending = Start(() => Send(daemon, Grants(3, 4, 1), limit));
        using var again = Receive(daemon, 3, 4, limit);
        using var second = sending.Result;
        Assert.True(first.IsDone);
        first.Dispose();
        Assert.False(second.IsDone);
    }

    [Theory]
    [InlineData("1 1 1")]
    [InlineData("999999999 5 1")]
    [InlineData("nonsense")]
    public void What_a_killed_process_left_is_swept_by_the_next_offer(string owner)
    {
        using var daemon = new StoreDaemon(0, 3, 4);
        var stale = $"/local/domain/3/data/dmabufps/9/old";
        daemon.Write($"{stale}/owner", owner);
        daemon.Write($"{stale}/state", "ready");
        daemon.Write("/local/domain/3/data/dmabufps/8/without-owner/state", "ready");
        daemon.Write($"{Node(3, 4)}/owner", owner);
        using var limit = new WaitLimit(s_limit);
        var sending = Start(() => Send(daemon, Grants(3, 4, 1), limit));
        Receive(daemon, 3, 4, limit).Dispose();
        sending.Result.Dispose();
        Assert.DoesNotContain(daemon.Tree.Paths, path => path.Contains("dmabufps", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("size", "4097", "Peer,BadCount")]
    [InlineData("size", "0", "Peer,BadCount")]
    [InlineData("size", "-4096", "Peer,BadCount")]
    [InlineData("size", "99999999999999999999", "Peer,BadCount")]
    [InlineData("size", "17592186040320", "Peer,BadCount")]
    [InlineData("size", "", "Peer,BadCount")]
    [InlineData("refs/0", "1", "Peer,BadCount")]
    [InlineData("refs/0", "1 2 3", "Peer,BadCount")]
    [InlineData("refs/0", "1 0x2", "Peer,BadNode")]
    [InlineData("refs/0", "1  2", "Peer,BadNode")]
    [InlineData("refs/0", "1 4294967296", "Peer,BadNode")]
    [InlineData("directory", "-1", "Peer,BadNode")]
    [InlineData("notify", "none", "Peer,BadNode")]
    public void A_hostile_exporter_is_refused_and_told(string node, string value, string errorId)
    {
        using var daemon = new StoreDaemon(3, 4);
        Offer(daemon, 3, 4, ("size", "8192"), ("refs/0", "1 2"), (node, value));
        using var limit = new WaitLimit(s_limit);
        Assert.Equal(errorId, Assert.Throws<PeerException>(() => Receive(daemon, 3, 4, limit)).ErrorId);
        Assert.StartsWith("failed The peer at xenstore:camera (domain 3) ", daemon.Read($"{Node(3, 4)}/release"), StringComparison.Ordinal);
    }

    [Fact]
    public void References_whose_numbers_end_early_are_refused()
    {
        using var daemon = new StoreDaemon(3, 4);
        Offer(daemon, 3, 4, ("size", "268435456"), ("refs/0", "1 2"));
        using var limit = new WaitLimit(s_limit);
        Assert.Equal("Peer,BadCount", Assert.Throws<PeerException>(() => Receive(daemon, 3, 4, limit)).ErrorId);
    }

    [Fact]
    public void An_offer_that_another_process_has_taken_is_left_to_it()
    {
        using var daemon = new StoreDaemon(3, 4);
        Offer(daemon, 3, 4, ("size", "4096"), ("refs/0", "1"));
        using var limit = new WaitLimit(s_limit);
        using var first = Receive(daemon, 3, 4, limit);
        using var shortLimit = new WaitLimit(TimeSpan.FromMilliseconds(200));
        Assert.Throws<WaitTimeoutException>(() => Receive(daemon, 3, 4, shortLimit));
    }

    [Fact]
    public void A_release_makes_no_node_anew_that_its_exporter_removed()
    {
        using var daemon = new StoreDaemon(0, 3);
        var before = daemon.Tree.Paths.ToList();
        using var limit = new WaitLimit(s_limit);
        var sending = Start(() => Send(daemon, Grants(3, 0, 1), limit));
        using (Receive(daemon, 3, 0, limit))
            sending.Result.Dispose();
        Assert.Equal(before, daemon.Tree.Paths);
    }

    [Fact]
    public void Dom0_notices_that_a_peers_domain_was_destroyed()
    {
        using var daemon = new StoreDaemon(0, 3);
        using var limit = new WaitLimit(s_limit);
        var waiting = Start(() => Assert.Throws<PeerException>(() => Send(daemon, Grants(0, 3, 1), limit)));
        Await(() => daemon.Read($"{Node(0, 3)}/state") == "ready");
        daemon.Destroy(3);
        Assert.Equal("Peer,ClosedEarly", waiting.Result.ErrorId);
        Assert.Equal("Address,UnknownDomain", Assert.Throws<AddressException>(() => Send(daemon, Grants(0, 3, 1), limit)).ErrorId);
        Assert.Equal("Address,UnknownDomain", Assert.Throws<AddressException>(() => Receive(daemon, 3, 0, limit)).ErrorId);
        Assert.DoesNotContain(daemon.Tree.Paths, path => path.Contains("dmabufps", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(8)]
    [InlineData(4)]
    public void A_xenstore_that_is_full_is_an_error_and_nothing_is_left(int nodes)
    {
        using var daemon = new StoreDaemon(3, 4);
        daemon.Tree.MaxNodes = nodes;
        using var limit = new WaitLimit(s_limit);
        var failure = Assert.Throws<XenStoreException>(() => Send(daemon, Grants(3, 4, 5000), limit));
        Assert.Equal("ENOSPC", failure.ErrnoName);
        Assert.NotNull(failure.Cure);
        Assert.DoesNotContain(daemon.Tree.Paths, path => path.Contains("dmabufps", StringComparison.Ordinal));
    }

    [Fact]
    public void A_xenstore_that_denies_or_is_gone_is_an_error()
    {
        var daemon = new StoreDaemon(3, 4);
        daemon.Tree.SetPermissions(0, "/local/domain/3/data", ["n0"]);
        using var limit = new WaitLimit(s_limit);
        Assert.Equal("EACCES", Assert.Throws<XenStoreException>(() => Send(daemon, Grants(3, 4, 1), limit)).ErrnoName);
        Assert.Equal("Buffer,OtherDomain", Assert.Throws<BufferException>(() => Send(daemon, Grants(3, 4, 1), limit, from: 4)).ErrorId);

        var waiting = Start(() => Assert.Throws<KernelException>(() => Receive(daemon, 3, 4, limit)));
        Thread.Sleep(300);
        daemon.Dispose();
        Assert.Equal("xenstore is gone: see that xenstored runs.", waiting.Result.Cure);
    }

    [Fact]
    public void An_exchange_leaves_no_descriptor()
    {
        using var daemon = new StoreDaemon(3, 4);
        OpenDescriptors.StayTheSame(() =>
        {
            using var limit = new WaitLimit(s_limit);
            var sending = Start(() => Send(daemon, Grants(3, 4, 1), limit));
            Receive(daemon, 3, 4, limit).Dispose();
            using var offer = sending.Result;
            offer.WaitUntilDone(limit);
        });
    }

    private static GrantRefs Grants(int exporter, int importer, int count) => new()
    {
        Domain = (ushort)exporter,
        PeerDomain = (ushort)importer,
        Refs = [.. Enumerable.Range(0, count).Select(i => (uint)(70000 + i))],
    };

    private static string Node(int exporter, int importer) => $"/local/domain/{exporter}/data/dmabufps/{importer}/{Name}";

    private static StoreOffer Send(StoreDaemon daemon, GrantRefs grants, WaitLimit limit, int? from = null) =>
        StoreOffer.Send(s_endpoint, grants, limit, daemon.OpenFor(from ?? grants.Domain));

    /// <summary>Imports with a memfd in place of the pages, which nothing here can map.</summary>
    private static DmaBuffer Receive(StoreDaemon daemon, int exporter, int importer, WaitLimit limit, Action<GrantRefs>? seen = null) =>
        StoreClaim.Receive(s_endpoint, (ushort)exporter, grants =>
        {
            seen?.Invoke(grants);
            return MemFdAllocator.Allocate(4096);
        }, limit, daemon.OpenFor(importer));

    /// <summary>An offer as any program may write it.</summary>
    private static void Offer(StoreDaemon daemon, int exporter, int importer, params (string Node, string Value)[] content)
    {
        var node = Node(exporter, importer);
        daemon.Write($"{node}/owner", string.Create(CultureInfo.InvariantCulture, $"{ProcessMark.Own} 0"));
        foreach (var (name, value) in content)
            daemon.Write($"{node}/{name}", value);
        daemon.Write($"{node}/release", "");
        daemon.Write($"{node}/state", "ready");
        foreach (var path in daemon.Tree.Paths.Where(path => StoreTree.IsIn(path, node)).ToList())
            daemon.Tree.SetPermissions(0, path, [$"n{exporter}", $"{(path.EndsWith("/release", StringComparison.Ordinal) ? 'b' : 'r')}{importer}"]);
    }

    private static void Await(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, s_limit));

    private static Task<T> Start<T>(Func<T> work) => Task.Run(work, TestContext.Current.CancellationToken);
}
