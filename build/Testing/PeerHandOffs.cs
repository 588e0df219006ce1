using System.Text;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// The hand-offs of dmabuf-peer between all domains of a Xen host: the importer prints the exporter's text, and its
/// answer comes back in the same pages.
/// </summary>
/// <param name="host">The host, whose grant device makes dma-bufs of references in PVH domains.</param>
internal sealed class PeerHandOffs(XenHost host)
{
    public const string Suite = "peer";
    private const string Reply = "greetings-from-the-importer";
    private static readonly string s_script = Repository.At("tests", "Lab", "peer.sh");
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>Runs every hand-off, one after another.</summary>
    public async Task<List<TestOutcome>> RunAsync(CancellationToken cancellationToken)
    {
        var outcomes = new List<TestOutcome>();
        string[] domains = [XenHost.Dom0, .. host.Guests.Select(guest => guest.Name)];
        foreach (string exporter in domains)
        {
            foreach (string importer in domains.Where(domain => domain != exporter))
            {
                foreach (string transport in new[] { "tcp", "xenstore" })
                    outcomes.Add(await HandOverAsync(exporter, importer, transport, cancellationToken));
            }
        }

        return outcomes;
    }

    private async Task<TestOutcome> HandOverAsync(
        string exporter, string importer, string transport, CancellationToken cancellationToken)
    {
        string name = $"{exporter} shares with {importer} by {transport}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        try
        {
            int code = await host.RunAsync(
                XenHost.Dom0,
                new GuestCommand("sh", s_script, exporter, importer, transport, PeerProgram.Path, Reply),
                output, error, null, limit.Token);
            string all = Text(output) + Text(error);
            string via = host.TypeOf(importer) == XenGuestType.Pvh ? "dmabuf" : "mapping";
            bool good = code == 0
                && Enumerable.Range(0, 4).All(range => all.Contains($"range[{range}] 16384 bytes", StringComparison.Ordinal))
                && all.Contains($"imported via {via}", StringComparison.Ordinal)
                && all.Contains($"came back: {Reply}", StringComparison.Ordinal);
            return new TestOutcome(name, good ? TestStatus.Passed : TestStatus.Failed, good ? "" : $"({code}) {all}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new TestOutcome(name, TestStatus.Failed, $"it did not end within {s_limit.TotalSeconds} s");
        }
    }

    private static string Text(MemoryStream stream) => Encoding.UTF8.GetString(stream.ToArray());
}
