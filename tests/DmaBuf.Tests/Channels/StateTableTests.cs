using DmaBuf.Errors;
using DmaBuf.Sharing.Channels;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Walks the tables of states in docs/protocol.md: each message in each state.</summary>
public sealed class StateTableTests
{
    private static readonly ShareId s_id = new(7);

    public static TheoryData<string, string, string> ExporterCells => Cells("at its exporter");

    public static TheoryData<string, string, string> ImporterCells => Cells("at its importer");

    [Theory]
    [MemberData(nameof(ExporterCells))]
    public void The_exporter_does_what_the_table_says(string state, string message, string next)
    {
        using var side = new ProtocolSide("importer");
        var access = new AccessLock();
        var share = side.Publish(s_id, access);
        var busy = new Holder();
        BringExporterTo(state, side, access, busy);
        try
        {
            side.Receive(FromImporter(message), 0);
            Assert.Equal(next, StateOf(share));
        }
        catch (PeerException e) when (e.Fault == PeerFault.BadMessage)
        {
            Assert.Equal("error", next);
        }
    }

    [Theory]
    [MemberData(nameof(ImporterCells))]
    public void The_importer_does_what_the_table_says(string state, string message, string next)
    {
        using var side = new ProtocolSide("exporter");
        side.Receive(FromExporter("publish"), 0);
        var share = side.Protocol.Imported.Find(s_id)!;
        BringImporterTo(state, side, share);
        try
        {
            side.Receive(FromExporter(message, share.Serial), 0);
            Assert.Equal(next, StateOf(share));
        }
        catch (PeerException e) when (e.Fault == PeerFault.BadMessage)
        {
            Assert.Equal("error", next);
        }
    }

    private static string StateOf(ExportedShare share) => share switch
    {
        { State: ShareState.Importing, ArePagesSent: true } => "PagesSent",
        { IsAcquiring: true } => "Acquiring",
        _ => $"{share.State}",
    };

    private static string StateOf(ImportedShare share) => share.IsAcquiring ? "Acquiring" : $"{share.State}";

    private static void BringExporterTo(string state, ProtocolSide side, AccessLock access, Holder busy)
    {
        if (state == "Offered")
            return;
        if (state == "Importing")
            access.Request(busy, write: true);
        side.Receive(FromImporter("import"), 0);
        if (state == "Importing")
            return;
        side.ServePages();
        if (state == "PagesSent")
            return;
        side.Receive(FromImporter("imported"), 0);
        if (state == "InUse")
            return;
        side.Receive(FromImporter("release"), 0);
        if (state != "Acquiring")
            return;
        access.Request(busy, write: true);
        side.Receive(FromImporter("acquire"), 0);
    }

    private static void BringImporterTo(string state, ProtocolSide side, ImportedShare share)
    {
        if (state == "Offered")
            return;
        side.Protocol.Imported.BeginImport(share);
        if (state == "Importing")
            return;
        side.Protocol.Imported.CompleteImport(share, null);
        if (state == "InUse")
            return;
        side.Protocol.Imported.Release(share);
        if (state == "Acquiring")
            side.Protocol.Imported.BeginAcquire(share, write: false);
    }

    private static byte[] FromImporter(string message) => RawChannelPeer.Encode(writer =>
    {
        switch (message)
        {
            case "import":
                writer.Short(MessageType.Import, s_id, 1);
                break;
            case "imported":
                writer.Short(MessageType.Imported, s_id);
                break;
            case "import failed":
                writer.ImportFailed(s_id, "");
                break;
            case "acquire":
                writer.Acquire(s_id, 2, write: false);
                break;
            case "release":
                writer.Short(MessageType.Release, s_id);
                break;
            case "removed":
                writer.Short(MessageType.Removed, s_id);
                break;
            case "refused":
                writer.Refused(s_id, 0, RefusalReason.TooMany, "");
                break;
            default:
                Assert.Fail($"the table has a message '{message}'");
                break;
        }
    });

    private static byte[] FromExporter(string message, uint serial = 0) => RawChannelPeer.Encode(writer =>
    {
        switch (message)
        {
            case "publish":
                writer.Publish(s_id, 4096, ShareMetadata.Empty);
                break;
            case "update":
                writer.Update(s_id, ShareMetadata.Empty);
                break;
            case "unpublish":
                writer.Unpublish(s_id, 0);
                break;
            case "unpublished":
                writer.Short(MessageType.Unpublished, s_id);
                break;
            case "pages":
                writer.Pages(s_id, serial, 1, [8]);
                break;
            case "acquired":
                writer.Short(MessageType.Acquired, s_id, serial);
                break;
            case "refused":
                writer.Refused(s_id, serial, RefusalReason.Unknown, "");
                break;
            default:
                Assert.Fail($"the table has a message '{message}'");
                break;
        }
    });

    private static TheoryData<string, string, string> Cells(string heading)
    {
        var rows = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "protocol.md"))
            .SkipWhile(line => !line.EndsWith(heading, StringComparison.Ordinal))
            .SkipWhile(line => !line.StartsWith("| state", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .ToList();
        var cells = new TheoryData<string, string, string>();
        foreach (var row in rows.Skip(2))
        {
            for (var column = 1; column < row.Length; column++)
                cells.Add(row[0], rows[0][column], row[column]);
        }

        return cells;
    }

    private sealed class Holder : IAccessHolder
    {
        public void OnGranted()
        {
        }
    }
}
