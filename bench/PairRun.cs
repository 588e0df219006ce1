using System.Text;
using DmaBuf.Lab;

namespace DmaBuf.Bench;

/// <summary>The rounds of one run of pair.sh or pages.sh, as both pairs reported them.</summary>
internal sealed class PairRun
{
    private readonly List<string[]> _lines;

    private PairRun(string output) =>
        _lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];

    /// <summary>Runs pair.sh in dom0. Its errors go to this process's standard error.</summary>
    public static Task<PairRun> RunAsync(
        XenHost host,
        XenTarget target,
        string exporter,
        string importer,
        string backing,
        int copies,
        IEnumerable<(long Size, int Rounds)> steps) =>
        RunAsync(host, Path.Combine(target.Folder, $"xen-{exporter}-{importer}-{copies}.txt"),
        [
            Path.Combine(Workshop.Root, "bench/Xen/pair.sh"), exporter, importer, backing,
            target.C, target.Ours, $"{copies}", .. steps.Select(step => $"{step.Size}:{step.Rounds}"),
        ]);

    /// <summary>Runs pages.sh on a KVM host. Its errors go to this process's standard error.</summary>
    /// <param name="host">The host.</param>
    /// <param name="guest">A guest that has not been started.</param>
    /// <param name="cid">Its context id.</param>
    /// <param name="copies">How often the host copies each import.</param>
    /// <param name="steps">Sizes, with an h after those of huge pages, and rounds.</param>
    public static Task<PairRun> RunAsync(
        KvmHost host, string guest, int cid, int copies, IEnumerable<(string Size, int Rounds)> steps) =>
        RunAsync(host, Path.Combine(Workshop.Out, $"kvm-{copies}.txt"),
        [
            Path.Combine(Workshop.Root, "bench/Kvm/pages.sh"), guest, $"{cid}", Workshop.PagesC, Workshop.Pair(),
            $"{copies}", .. steps.Select(step => $"{step.Size}:{step.Rounds}"),
        ]);

    private static async Task<PairRun> RunAsync(GuestHost host, string keptIn, string[] words)
    {
        using var output = new MemoryStream();
        var code = await host.RunAsync(
            host.HostName, new GuestCommand("sh", words), output, Console.OpenStandardError());
        var text = Encoding.UTF8.GetString(output.ToArray());
        await File.WriteAllTextAsync(keptIn, text);
        return code == 0
            ? new PairRun(text)
            : throw new InvalidOperationException($"{words[0]} failed ({code}). It printed:\n{text}");
    }

    /// <summary>The time of the export, and of what lies between the first byte sent and the peer's close.</summary>
    public Times HandOff(string step) =>
        new(Median("ours", "export", step, [3, 4]), Median("c", "export", step, [3, 4]));

    /// <summary>The work that grows with the pages: the export, mapping, and reading a byte of each.</summary>
    public Times ExportAndMap(string step)
    {
        return new(Both("ours"), Both("c"));

        double Both(string pair) => Median(pair, "export", step, [3]) + Median(pair, "import", step, [3]);
    }

    /// <summary>The time to copy the whole imported buffer.</summary>
    public Times Copy(string step) => new(Median("ours", "import", step, [5]), Median("c", "import", step, [5]));

    /// <summary>How many ranges a pair's pages were in, in the last round.</summary>
    public int Ranges(string pair, string step) => int.Parse(Lines(pair, "import", step).Last()[6]);

    /// <summary>The failure that a pair reported, or null.</summary>
    public string? Refusal(string pair, string step) =>
        Lines(pair, "failed", step).Select(words => string.Join(' ', words[3..])).FirstOrDefault();

    /// <summary>
    /// The median of the columns' sum, in milliseconds. The first round, which creates the buffer, does not count.
    /// </summary>
    private double Median(string pair, string side, string step, int[] columns) =>
        Lines(pair, side, step)
            .Skip(1)
            .Select(words => columns.Sum(column => double.Parse(words[column])))
            .Median() / 1e6;

    private IEnumerable<string[]> Lines(string pair, string side, string step) =>
        _lines.Where(words => words[0] == pair && words[1] == side && words[2] == step);

    /// <summary>The times of both pairs, in milliseconds.</summary>
    public readonly record struct Times(double Ours, double C);
}
