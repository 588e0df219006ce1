using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace DmaBuf.Bench;

/// <summary>Compares the core with C, using BenchmarkDotNet, whose own report goes to out/bench.</summary>
internal static class CoreSuite
{
    private static readonly string[] s_order =
    [
        ContentBenchmarks.WriteContent, ContentBenchmarks.ReadSame, ContentBenchmarks.ReadNew,
        ContentBenchmarks.HashContent, ContentBenchmarks.WriteToFile, HandOffBenchmarks.HandOff,
    ];

    /// <summary>
    /// Runs several rounds and takes, for each pair, the round with the median ratio. BenchmarkDotNet measures one case
    /// after another, so other work that the machine does in between would distort the ratio of a single round.
    /// </summary>
    public static IEnumerable<Row> Run(bool quick)
    {
        using var log = new StreamLogger(Path.Combine(Workshop.Out, "benchmarkdotnet.log"));
        var config = Config(quick, log);
        return Enumerable.Range(0, quick ? 1 : 3)
            .SelectMany(_ => BenchmarkRunner.Run([typeof(ContentBenchmarks), typeof(HandOffBenchmarks)], config))
            .SelectMany(Pairs)
            .GroupBy(pair => (pair.Category, pair.Size))
            .OrderBy(rounds => Array.IndexOf(s_order, rounds.Key.Category))
            .ThenBy(rounds => rounds.Key.Size)
            .Select(rounds =>
            {
                var pair = rounds.OrderBy(pair => pair.C / pair.Ours).ElementAt(rounds.Count() / 2);
                return Row.WithRatio(
                    $"core {pair.Category}", pair.Size, pair.Ours, pair.C, Target(pair.Category, pair.Size));
            })
            .ToArray();
    }

    /// <summary>
    /// Runs in this process, because C and C# must use the same buffer, and briefly, because there are many cases.
    /// </summary>
    private static ManualConfig Config(bool quick, ILogger log) => ManualConfig.CreateEmpty()
        .AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(2)
            .WithIterationCount(7)
            .WithIterationTime(TimeInterval.FromMilliseconds(quick ? 60 : 100))
            .WithUnrollFactor(1))
        .AddLogger(log)
        .AddColumnProvider(DefaultColumnProviders.Instance)
        .AddExporter(MarkdownExporter.Default)
        .AddLogicalGroupRules(BenchmarkLogicalGroupRule.ByCategory, BenchmarkLogicalGroupRule.ByParams)
        .WithArtifactsPath(Workshop.Out);

    private static IEnumerable<(string Category, int Size, double Ours, double C)> Pairs(Summary summary)
    {
        if (summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success))
            throw new InvalidOperationException($"{summary.Title} failed: see {Workshop.Out}/benchmarkdotnet.log");
        return summary.Reports
            .GroupBy(report => (
                Category: report.BenchmarkCase.Descriptor.Categories[0],
                Size: (int)report.BenchmarkCase.Parameters["Size"]))
            .Select(pair => (pair.Key.Category, pair.Key.Size,
                Milliseconds(pair.Single(report => !report.BenchmarkCase.Descriptor.Baseline)),
                Milliseconds(pair.Single(report => report.BenchmarkCase.Descriptor.Baseline))));
    }

    private static double Milliseconds(BenchmarkReport report) => report.ResultStatistics!.Median / 1e6;

    private static double? Target(string category, int size) => category switch
    {
        HandOffBenchmarks.HandOff => 1 / 1.2,
        ContentBenchmarks.WriteContent or ContentBenchmarks.ReadNew or ContentBenchmarks.ReadSame
            when size >= 1 << 20 => 0.95,
        _ => null,
    };
}
