using DmaBuf.Lab;

namespace DmaBuf.Bench;

/// <summary>
/// Hands buffers of a KVM guest over to its host, by pages.c and by its counterpart on the core, and reads them there.
/// </summary>
internal static class KvmSuite
{
    private const string Guest = "vm1";
    private const double HandOffTarget = 1 / 1.2;
    private const double ReadTarget = 0.95;

    /// <summary>For two buffers of 64 MiB, and some more.</summary>
    private const int HugePages = 72;

    private static readonly (string Step, long Size)[] s_sizes =
    [
        ("65536", 64 << 10), ("1048576", 1 << 20), ("16777216", 16 << 20), ("16777216h", 16 << 20),
        ("67108864h", 64 << 20),
    ];

    /// <param name="quick">Fewer rounds.</param>
    public static async Task<int> RunAsync(bool quick)
    {
        if (!File.Exists(Workshop.Pair()))
        {
            Console.Error.WriteLine($"There is no {Workshop.Pair()}: run ./build.sh bench -Kvm, which builds it.");
            return 1;
        }

        await using var host = await KvmHost.StartAsync(new KvmHostOptions
        {
            Guests = [new() { Name = Guest, MemoryMiB = 768, HugePages = HugePages, StartsWithHost = false }],
            Say = Console.Error.WriteLine,
        });
        Console.WriteLine(host.Description);
        Console.WriteLine($"Measuring: {Guest} -> host");
        var run = await RunAsync(0, quick ? 8 : 21);
        Console.WriteLine("Measuring: reading an import");
        var reading = await RunAsync(quick ? 5 : 15, quick ? 3 : 6);
        Console.WriteLine();
        Console.WriteLine("Medians from a guest to its host. Ratio: C's time by ours; above 1, ours is faster.");
        ResultTable.Print([.. s_sizes.SelectMany(size => Rows(run, reading, size.Step, size.Size))], Console.Out);
        return 0;

        Task<PairRun> RunAsync(int copies, int rounds) => PairRun.RunAsync(
            host, Guest, KvmHost.FirstContextId, copies, s_sizes.Select(size => (size.Step, rounds)));
    }

    private static IEnumerable<Row> Rows(PairRun run, PairRun reading, string step, long size)
    {
        var kind = step.EndsWith('h') ? "huge pages" : "pages";
        var what = $"{kind} in {run.Ranges("ours", step)} ranges (C: {run.Ranges("c", step)})";
        var whole = run.HandOff(step);
        yield return Row.WithRatio($"{what}: export+send+import+map+release", size, whole.Ours, whole.C, HandOffTarget);
        var work = run.ExportAndMap(step);
        var pages = size / Environment.SystemPageSize;
        yield return Row.WithRatio(
            $"{what}: export+import+map, a page", size, work.Ours * 1000 / pages, work.C * 1000 / pages, null) with
        {
            Unit = "us",
        };
        var copy = reading.Copy(step);
        yield return Row.WithRatio($"{what}: read an import into an array", size, copy.Ours, copy.C, ReadTarget);
    }
}
