using System.Text;
using DmaBuf.Lab;

namespace DmaBuf.Bench;

/// <summary>The rounds of one run of pair.sh, as both pairs reported them.</summary>
internal sealed class PairRun
{
    private readonly List<string[]> _lines;

    private PairRun(string output) =>
        _lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];

    /// <summary>Runs the script in dom0. Its errors go to this process's standard error.</summary>
    public static async Task<PairRun> RunAsync(
        XenHost host,
        string exporter,
        string importer,
        string backing,
        int copies,
        IEnumerable<(long Size, int Rounds)> steps)
    {
        using var output = new MemoryStream();
        string[] words =
        [
            Path.Combine(Workshop.Root, "bench/Xen/pair.sh"), exporter, importer, backing,
            Workshop.PairC, Workshop.Pair, $"{copies}", .. steps.Select(step => $"{step.Size}:{step.Rounds}"),
        ];
        var code = await host.RunAsync(
            XenHost.Dom0, new GuestCommand("sh", words), output, Console.OpenStandardError());
        var text = Encoding.UTF8.GetString(output.ToArray());
        await File.WriteAllTextAsync(Path.Combine(Workshop.Out, $"xen-{exporter}-{importer}-{copies}.txt"), text);
        return code == 0
            ? new PairRun(text)
            : throw new InvalidOperationException($"pair.sh failed ({code}). It printed:\n{text}");
    }

    /// <summary>The time of the granting, and of what lies between the first byte sent and the peer's close.</summary>
    public Times HandOff(long size) => new(Median("ours", "export", size, [3, 4]), Median("c", "export", size, [3, 4]));

    /// <summary>The work that grows with the pages: granting, mapping, and reading a byte of each.</summary>
    public Times GrantAndMap(long size)
    {
        return new(Both("ours"), Both("c"));

        double Both(string pair) => Median(pair, "export", size, [3]) + Median(pair, "import", size, [3]);
    }

    /// <summary>The time to copy the whole imported buffer.</summary>
    public Times Copy(long size) => new(Median("ours", "import", size, [5]), Median("c", "import", size, [5]));

    /// <summary>The failure that a pair reported, or null.</summary>
    public string? Refusal(string pair, long size) =>
        Lines(pair, "failed", size).Select(words => string.Join(' ', words[3..])).FirstOrDefault();

    /// <summary>
    /// The median of the columns' sum, in milliseconds. The first round, which creates the buffer, does not count.
    /// </summary>
    private double Median(string pair, string side, long size, int[] columns) =>
        Lines(pair, side, size)
            .Skip(1)
            .Select(words => columns.Sum(column => double.Parse(words[column])))
            .Median() / 1e6;

    private IEnumerable<string[]> Lines(string pair, string side, long size) =>
        _lines.Where(words => words[0] == pair && words[1] == side && words[2] == $"{size}");

    /// <summary>The times of both pairs, in milliseconds.</summary>
    public readonly record struct Times(double Ours, double C);
}
