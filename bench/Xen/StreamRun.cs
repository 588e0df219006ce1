using DmaBuf.Lab;

namespace DmaBuf.Bench;

/// <summary>What streams.sh measures: streams between two domains, and channels and video over them.</summary>
internal static class StreamRun
{
    private const double ChannelTarget = 1.5;
    private const double FlowTarget = 0.9;
    private const double FrameTarget = 1.1;

    public static async Task<List<Row>> RowsAsync(XenHost host, string guest, bool quick)
    {
        Console.WriteLine($"Measuring: streams between {guest} and dom0");
        var bytes = (quick ? 16L : 64L) << 20;
        var path = Path.Combine(Workshop.Out, "xen-streams.txt");
        string[] words =
        [
            Path.Combine(Workshop.Root, "bench/Xen/streams.sh"), guest, Workshop.Pair(), quick ? "3" : "5",
            quick ? "100" : "300", $"{bytes}",
        ];
        int code;
        // Not buffered, so that a run that is cut off leaves what it has measured.
        await using (var output = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 0))
        {
            code = await host.RunAsync(
                XenHost.Dom0, new GuestCommand("sh", words), output, Console.OpenStandardError());
        }

        var text = await File.ReadAllTextAsync(path);
        if (code != 0)
            throw new InvalidOperationException($"streams.sh failed ({code}). It printed:\n{text}");
        var medians = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .ToLookup(words => words[0], words => double.Parse(words[1]) / 1e6)
            .ToDictionary(times => times.Key, times => times.Median());
        return
        [
            .. new[] { "vchan", "tcp" }.Select(carrier => Channel(
                carrier, medians[$"{carrier}-channel"], medians[$"{carrier}-bare"])),
            Row.WithRatio($"vchan, {guest} -> dom0", bytes, medians["vchan-flow"], medians["c-flow"], FlowTarget),
            new Row($"tcp, {guest} -> dom0, beside vchan", bytes, medians["tcp-flow"], medians["vchan-flow"]),
            new Row("video shared over vchan, 320x240: a frame and its ack, beside a round trip", 0,
                medians["frames-320-240"], 2 * medians["vchan-bare"]),
            new Row("video shared over vchan, 1920x1080, beside 320x240", 0,
                medians["frames-1920-1080"], medians["frames-320-240"],
                $"<= {FrameTarget} x that", medians["frames-1920-1080"] <= FrameTarget * medians["frames-320-240"]),
            new Row("the same with a reader of every byte, 320x240", 320 * 240 * 2,
                medians["frames-320-240-read"], medians["frames-320-240"]),
            new Row("the same with a reader of every byte, 1920x1080", 1920 * 1080 * 2,
                medians["frames-1920-1080-read"], medians["frames-1920-1080"]),
        ];
    }

    private static Row Channel(string carrier, double channel, double bare) => new(
        $"channel over {carrier}, publish to event, beside half a round trip", 0, channel, bare,
        $"<= {ChannelTarget} x that", channel <= ChannelTarget * bare);
}
