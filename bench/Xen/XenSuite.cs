using DmaBuf.Grants;
using DmaBuf.Lab;

namespace DmaBuf.Bench;

/// <summary>
/// Measures streams and channels, and hands buffers over, between two domains of an emulated Xen host, by pair.c and by
/// its counterpart on the core. dom0 grants a udmabuf to a guest; in the other direction, the guest grants pages of its
/// grant allocator. Both map the references.
/// </summary>
internal static class XenSuite
{
    private const string Guest = "bob";
    private const double HandOffTarget = 1 / 1.2;
    private const double ReadTarget = 0.95;
    private const double LinearTarget = 1.2;
    private const long Mebi = 1 << 20;
    private const long Largest = 128 * Mebi;

    /// <summary>Enough for the 32768 references of 128 MiB, with room for others.</summary>
    private const int ManyGrantFrames = 256;

    /// <param name="target">The host's processor.</param>
    /// <param name="quick">Fewer rounds.</param>
    /// <param name="streamsOnly">Streams and channels, and no hand-offs.</param>
    public static async Task<int> RunAsync(XenTarget target, bool quick, bool streamsOnly)
    {
        if (!File.Exists(target.Ours))
        {
            Console.Error.WriteLine($"There is no {target.Ours}: run {target.Command}, which builds it.");
            return 1;
        }

        if (streamsOnly && target.NoStreams is { } reason)
        {
            Console.Error.WriteLine(reason);
            return 1;
        }

        await using var host = await XenHost.StartAsync(new XenHostOptions
        {
            Architecture = target.Architecture,
            Guests = [target.Guest(Guest)],
            Driver = GrantDriver.Stock,
            GrantFrames = ManyGrantFrames,
            Say = Console.Error.WriteLine,
        });
        Console.WriteLine(host.Description);
        var rows = target.NoStreams is null ? await StreamRun.RowsAsync(host, Guest, quick) : [];
        var refusals = streamsOnly ? [] : await AddHandOffsAsync(rows, host, target, quick);
        Console.WriteLine();
        Console.WriteLine("Medians between two domains. Ratio: C's time divided by ours; above 1, ours is faster.");
        ResultTable.Print(rows, Console.Out);
        refusals.ForEach(Console.WriteLine);
        if (target.NoStreams is { } left)
            Console.WriteLine(left);
        return 0;
    }

    /// <returns>What was refused.</returns>
    private static async Task<List<string>> AddHandOffsAsync(
        List<Row> rows, XenHost host, XenTarget target, bool quick)
    {
        var refusals = new List<string>();
        long[] sizes = [64 << 10, Mebi, 16 * Mebi, 64 * Mebi, Largest];
        int[] rounds = quick ? [16, 16, 8, 6, 5] : [150, 150, 40, 25, 15];
        Console.WriteLine($"Measuring: dom0 -> {Guest}");
        var run = await PairRun.RunAsync(host, target, XenHost.Dom0, Guest, "udmabuf", 0, sizes.Zip(rounds));
        AddHandOffs(rows, run, $"dom0 -> {Guest}, udmabuf", sizes);

        Console.WriteLine($"Measuring: {Guest} -> dom0");
        rounds = quick ? [16, 16, 6, 4, 1] : [150, 150, 40, 20, 1];
        run = await PairRun.RunAsync(host, target, Guest, XenHost.Dom0, "gntalloc", 0, sizes.Zip(rounds));
        AddHandOffs(rows, run, $"{Guest} -> dom0, gntalloc", sizes[..^1]);
        refusals.Add(
            $"128 MiB of {Guest}, whose grant table has 64 frames. Ours: {run.Refusal("ours", $"{Largest}")}");
        refusals.Add($"C: {run.Refusal("c", $"{Largest}")}");

        Console.WriteLine("Measuring: reading an import");
        sizes = [Mebi, 16 * Mebi];
        rounds = quick ? [6, 4] : [40, 20];
        run = await PairRun.RunAsync(host, target, XenHost.Dom0, Guest, "udmabuf", 25, sizes.Zip(rounds));
        foreach (var size in sizes)
        {
            var copy = run.Copy($"{size}");
            rows.Add(Row.WithRatio("read an import into an array", size, copy.Ours, copy.C, ReadTarget));
        }

        return refusals;
    }

    /// <summary>Adds whole hand-offs, their cost per page, and whether that cost is the same for all sizes.</summary>
    private static void AddHandOffs(List<Row> rows, PairRun run, string way, long[] sizes)
    {
        foreach (var size in sizes)
        {
            var whole = run.HandOff($"{size}");
            rows.Add(Row.WithRatio(
                $"{way}: grant+send+import+map+release", size, whole.Ours, whole.C, HandOffTarget));
        }

        foreach (var size in sizes)
        {
            var (ours, c) = PerPage(run, size);
            rows.Add(Row.WithRatio($"{way}: grant+import+map, a page", size, ours, c, HandOffTarget) with
            {
                Unit = "us",
            });
        }

        var (firstOurs, firstC) = PerPage(run, Mebi);
        var (lastOurs, lastC) = PerPage(run, sizes[^1]);
        rows.Add(new Row(
            $"{way}: a page of {sizes[^1] / Mebi} MiB by one of 1 MiB", 0, lastOurs / firstOurs, lastC / firstC,
            $"<= {LinearTarget}", lastOurs / firstOurs <= LinearTarget, "x"));
    }

    /// <summary>The cost of one page in microseconds.</summary>
    private static (double Ours, double C) PerPage(PairRun run, long size)
    {
        var times = run.ExportAndMap($"{size}");
        var pages = size / GrantRefs.GrantPageSize;
        return (times.Ours * 1000 / pages, times.C * 1000 / pages);
    }
}
