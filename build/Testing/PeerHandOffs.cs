using System.Text;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Hands a buffer over by dmabuf-peer between all domains of a Xen host: the importer prints the exporter's text, and
/// its answer comes back in the same pages. Then three buffers of a guest go round over a channel.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="peer">The program, for the host's processor.</param>
/// <param name="driver">The grant device's driver that the guests use.</param>
/// <param name="driverFile">The driver's file.</param>
/// <param name="progress">Counts the hand-offs.</param>
internal sealed class PeerHandOffs(
    XenHost host, string peer, GrantDriver driver, string driverFile, TestProgress progress)
{
    public const string Suite = "peer";
    private const string Reply = "greetings-from-the-importer";

    /// <summary>
    /// How many seconds a hand-off may take. dom0 enforces this limit, because the host takes no further command after
    /// one that is given up here.
    /// </summary>
    private const int Limit = 60;

    /// <summary>How many seconds dom0 gets to do so before it counts as hung.</summary>
    private const int HangLimit = 90;

    /// <summary>The exit code of timeout(1) when it has ended its command.</summary>
    private const int TimedOut = 124;

    private static readonly string s_script = Repository.At("tests", "Lab", "peer.sh");
    private static readonly string s_cycleScript = Repository.At("lab", "demo", "channel.sh");
    private static readonly string s_driverScript = Repository.At("tests", "Lab", "driver.sh");

    /// <summary>Runs every hand-off, one after another.</summary>
    public async Task<List<TestOutcome>> RunAsync(CancellationToken cancellationToken)
    {
        var outcomes = new List<TestOutcome>();
        string[] guests = [.. host.Guests.Select(guest => guest.Name)];
        if (await ChangeDriverAsync(guests, cancellationToken) is { } failed)
            return [failed];
        string[] domains = [XenHost.Dom0, .. guests];
        string[] transports = ["tcp", "xenstore"];
        var handOffs =
            from exporter in domains
            from importer in domains
            where importer != exporter
            from transport in transports
            select (exporter, importer, transport);
        progress.SetTests(handOffs.Count() + 1);
        foreach (var (exporter, importer, transport) in handOffs)
        {
            outcomes.Add(await HandOverAsync(exporter, importer, transport, cancellationToken));
            progress.EndTest();
        }

        outcomes.Add(await CheckAsync(
            $"{guests[0]} shares three buffers in turn with dom0 by vchan, {driver} driver",
            [s_cycleScript, guests[0], peer],
            all => all.Contains("demo: ok turns=12 buffers=3", StringComparison.Ordinal),
            cancellationToken));
        progress.EndTest();
        return outcomes;
    }

    private Task<TestOutcome> HandOverAsync(
        string exporter, string importer, string transport, CancellationToken cancellationToken)
    {
        var via = host.MakesDmaBuf(importer, DriverOf(importer)) ? "dmabuf" : "mapping";
        return CheckAsync(
            $"{exporter} shares with {importer} by {transport}, {driver} driver",
            [s_script, exporter, importer, transport, peer, Reply],
            all => Enumerable.Range(0, 4).All(
                    range => all.Contains($"range[{range}] 16384 bytes", StringComparison.Ordinal))
                && all.Contains($"imported via {via}", StringComparison.Ordinal)
                && all.Contains("Sharing pages of the grant allocator instead", StringComparison.Ordinal)
                    == (DriverOf(exporter) == GrantDriver.Distribution)
                && all.Contains($"came back: {Reply}", StringComparison.Ordinal),
            cancellationToken);
    }

    /// <summary>Runs a script in dom0, and checks what both sides printed.</summary>
    private async Task<TestOutcome> CheckAsync(
        string name, string[] script, Func<string, bool> isGood, CancellationToken cancellationToken)
    {
        using var hang = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        hang.CancelAfter(TimeSpan.FromSeconds(HangLimit));
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        int code;
        try
        {
            code = await host.RunAsync(
                XenHost.Dom0,
                new GuestCommand("timeout", [$"{Limit}", "sh", .. script]),
                output, error, null, hang.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new TestOutcome(name, TestStatus.Failed, $"dom0 did not answer within {HangLimit} s");
        }

        var all = Text(output) + Text(error);
        if (code == TimedOut)
            return new TestOutcome(name, TestStatus.Failed, $"it did not end within {Limit} s: {all}");
        var good = code == 0 && isGood(all);
        return new TestOutcome(name, good ? TestStatus.Passed : TestStatus.Failed, good ? "" : $"({code}) {all}");
    }

    /// <summary>dom0 keeps the driver it booted with: xenstored holds its device.</summary>
    private GrantDriver DriverOf(string domain) => domain == XenHost.Dom0 ? host.Driver : driver;

    private async Task<TestOutcome?> ChangeDriverAsync(string[] guests, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        var code = await host.RunAsync(
            XenHost.Dom0,
            new GuestCommand("sh", [s_driverScript, driverFile, .. guests]),
            output, output, null, cancellationToken);
        return code == 0
            ? null
            : new TestOutcome($"the guests load the {driver} driver", TestStatus.Failed, Text(output));
    }

    private static string Text(MemoryStream stream) => Encoding.UTF8.GetString(stream.ToArray());
}
