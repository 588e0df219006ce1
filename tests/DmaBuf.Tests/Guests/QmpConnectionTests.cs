using System.Text;
using System.Text.Json.Nodes;
using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>What a program at the path of a QMP socket can do, QEMU or not.</summary>
public sealed class QmpConnectionTests : IDisposable
{
    private const string Greeting = """{"QMP": {"version": {}, "capabilities": []}}""";
    private readonly ScratchFolder _folder = new();
    private readonly WaitLimit _limit = new(TimeSpan.FromSeconds(60));
    private readonly List<string> _events = [];

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
    }

    [Fact]
    public void Commands_and_events_go_over_one_connection()
    {
        using var qemu = Serve(said =>
        [
            """{"event": "RESET", "data": {"guest": true}, "timestamp": {}}""",
            $$"""{"return": {"said": "{{said["execute"]}} {{said["arguments"]?["id"]}}"}, "id": {{said["id"]}}}""",
        ]);
        using var qmp = Open();
        var answer = qmp.Execute("device_del", new JsonObject { ["id"] = "fs0" }, _limit);
        Assert.Equal("device_del fs0", $"{answer!["said"]}");
        Assert.Equal(["RESET", "RESET"], _events);
    }

    [Fact]
    public void A_late_answer_to_a_command_that_was_given_up_is_nobodys()
    {
        using var late = new ManualResetEventSlim();
        using var qemu = Serve(said =>
        {
            if ($"{said["execute"]}" == "slow")
                late.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            return [$$"""{"return": "{{said["execute"]}}", "id": {{said["id"]}}}"""];
        });
        using var qmp = Open();
        using (var brief = new WaitLimit(TimeSpan.FromMilliseconds(50)))
        {
            var failure = Assert.Throws<WaitTimeoutException>(() => qmp.Execute("slow", null, brief));
            Assert.Contains("its answer to slow", failure.Message, StringComparison.Ordinal);
        }

        late.Set();
        Assert.Equal("next", $"{qmp.Execute("next", null, _limit)}");
    }

    [Fact]
    public void A_command_that_is_stopped_leaves_the_connection_for_the_next()
    {
        using var late = new ManualResetEventSlim();
        using var stop = new CancellationTokenSource();
        using var qemu = Serve(said =>
        {
            if ($"{said["execute"]}" == "slow")
            {
                stop.Cancel();
                late.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            }

            return [$$"""{"return": "{{said["execute"]}}", "id": {{said["id"]}}}"""];
        });
        using var qmp = Open();
        using (var stopped = new WaitLimit(null, stop.Token))
            Assert.ThrowsAny<OperationCanceledException>(() => qmp.Execute("slow", null, stopped));
        late.Set();
        Assert.Equal("next", $"{qmp.Execute("next", null, _limit)}");
    }

    [Fact]
    public void A_refusal_says_what_was_refused_and_cannot_steer_a_terminal()
    {
        using var qemu = Serve(said => $"{said["execute"]}" == "qmp_capabilities"
            ? [Done(said)]
            : [$$"""{"error": {"class": "GenericError", "desc": "no \u001b[2J device"}, "id": {{said["id"]}}}"""]);
        using var qmp = Open();
        var failure = Assert.Throws<GuestException>(() => qmp.Execute("device_add", null, _limit));
        Assert.Equal("Guest,Qmp", failure.ErrorId);
        Assert.Contains(@"refused device_add: no \x1b[2J device", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\n", "not JSON")]
    [InlineData("""{"QMP": 1, "QMP": 2}""" + "\n", "not JSON")]
    [InlineData("", "closed the connection")]
    [InlineData("[]\n7\nnull\n{}\n", "closed the connection")]
    public void A_program_that_does_not_speak_QMP_is_refused_at_once(string says, string what)
    {
        using var other = new AcceptingPeer($"unixd:{_folder.File("qmp")}", (stream, limit) =>
        {
            stream.Send(Encoding.UTF8.GetBytes(says), limit);
            stream.Dispose();
        });
        var failure = Assert.Throws<GuestException>(() => Open());
        Assert.Equal("Guest,Qmp", failure.ErrorId);
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
        Assert.Contains("-qmp unix:PATH", failure.RecommendedAction!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_does_not_end_is_not_kept()
    {
        using var other = new AcceptingPeer($"unixd:{_folder.File("qmp")}", (stream, limit) =>
        {
            var bytes = new byte[1 << 20];
            try
            {
                while (true)
                    stream.Send(bytes, limit);
            }
            catch (KernelException)
            {
                stream.Dispose();
            }
        });
        var failure = Assert.Throws<GuestException>(() => Open());
        Assert.Contains("a line that does not end", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void QEMU_that_serves_another_client_does_not_answer_in_time()
    {
        using var busy = StreamListener.Listen(Endpoint.Parse($"unixd:{_folder.File("qmp")}"));
        using var brief = new WaitLimit(TimeSpan.FromMilliseconds(50));
        var failure = Assert.Throws<WaitTimeoutException>(() => Open(brief));
        Assert.Contains("its greeting", failure.Message, StringComparison.Ordinal);
        // The connection that was given up is closed.
        using var peer = busy.Accept(_limit);
        Assert.Equal(0, peer.Receive(new byte[1], _limit));
    }

    [Fact]
    public void QEMU_that_ends_during_a_command_ends_the_wait()
    {
        using var qemu = Serve(said => $"{said["execute"]}" == "qmp_capabilities" ? [Done(said)] : null);
        using var qmp = Open();
        var failure = Assert.Throws<GuestException>(() => qmp.Execute("query-pci", null, _limit));
        Assert.Contains("closed the connection", failure.Message, StringComparison.Ordinal);
    }

    private static string Done(JsonNode said) => $$"""{"return": {}, "id": {{said["id"]}}}""";

    private QmpConnection Open(WaitLimit? limit = null) =>
        QmpConnection.Open(_folder.File("qmp"), (name, data) => _events.Add(name), limit ?? _limit);

    /// <summary>Greets, and answers each command with lines; closes the connection where there are none.</summary>
    private AcceptingPeer Serve(Func<JsonNode, string[]?> answer) =>
        new($"unixd:{_folder.File("qmp")}", (stream, limit) =>
        {
            Say(Greeting);
            while (ReadLine(stream, limit) is { } line && answer(JsonNode.Parse(line)!) is { } lines)
                Array.ForEach(lines, Say);
            stream.Dispose();

            void Say(string line) => stream.Send(Encoding.UTF8.GetBytes(line + "\r\n"), limit);
        });

    private static string? ReadLine(ByteStream stream, WaitLimit limit)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (stream.Receive(one, limit) == 1)
        {
            if (one[0] == '\n')
                return Encoding.UTF8.GetString([.. line]);
            line.Add(one[0]);
        }

        return null;
    }
}
