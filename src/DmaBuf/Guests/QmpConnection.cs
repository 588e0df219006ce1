using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Guests;

/// <summary>
/// A connection to QEMU's machine protocol (docs/interop/qmp-spec.rst). A thread of its own reads what QEMU sends;
/// commands are for one thread at a time.
/// </summary>
internal sealed class QmpConnection : IDisposable
{
    /// <summary>QEMU's longest answers here, to query-pci, have some tens of kilobytes.</summary>
    private const int MostLine = 4 << 20;

    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false };
    private readonly object _lock = new();
    private readonly ByteStream _stream;
    private readonly Action<string, JsonNode?> _onEvent;
    private JsonNode? _greeting;
    private JsonNode? _answer;
    private long _lastId;
    private DmaBufException? _failure;

    private QmpConnection(ByteStream stream, Action<string, JsonNode?> onEvent)
    {
        _stream = stream;
        _onEvent = onEvent;
    }

    /// <summary>Connects, and leaves the negotiation mode.</summary>
    /// <param name="path">The socket's path.</param>
    /// <param name="onEvent">Called with the name and the data of each event, on the connection's thread.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="KernelException">connect.</exception>
    /// <exception cref="GuestException">Qmp: it is not QMP.</exception>
    /// <exception cref="WaitTimeoutException">
    /// QEMU did not answer in time, as it does when another client is connected.
    /// </exception>
    public static QmpConnection Open(string path, Action<string, JsonNode?> onEvent, WaitLimit limit)
    {
        var connection = new QmpConnection(StreamConnector.Connect(Endpoint.Parse($"unix:{path}"), limit), onEvent);
        try
        {
            new Thread(connection.Read) { IsBackground = true, Name = $"QMP {path}" }.Start();
            connection.Await(() => connection._greeting, "its greeting", limit);
            connection.Execute("qmp_capabilities", null, limit);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs a command.</summary>
    /// <returns>Its answer's content.</returns>
    /// <exception cref="GuestException">Qmp: QEMU refused it.</exception>
    /// <exception cref="KernelException">send: EPIPE.</exception>
    /// <exception cref="WaitTimeoutException">QEMU did not answer in time.</exception>
    public JsonNode? Execute(string command, JsonObject? arguments, WaitLimit limit)
    {
        // The id tells this answer from a late one to a command that was given up.
        var id = ++_lastId;
        var message = new JsonObject { ["execute"] = command, ["id"] = id };
        if (arguments is not null)
            message["arguments"] = arguments;
        lock (_lock)
            _answer = null;
        var text = message.ToJsonString();
        KernelTrace.Write($"QMP: {text}");
        _stream.Send(Encoding.UTF8.GetBytes(text + "\n"), limit);
        var answer = Await(() => IsAnswerTo(id) ? _answer : null, $"its answer to {command}", limit);
        if (answer["error"] is JsonObject error)
        {
            throw new GuestException(
                GuestFault.Qmp,
                $"QEMU at {_stream.Peer} refused {command}: {error["desc"]}",
                "See QEMU's own documentation of the command (docs/interop/qemu-qmp-ref).");
        }

        return answer["return"];
    }

    /// <summary>Closes the connection, which ends its thread.</summary>
    public void Dispose() => _stream.Dispose();

    private bool IsAnswerTo(long id) =>
        _answer?["id"] is JsonValue value && value.TryGetValue(out long answered) && answered == id;

    private JsonNode Await(Func<JsonNode?> found, string what, WaitLimit limit)
    {
        lock (_lock)
        {
            while (true)
            {
                if (found() is { } node)
                    return node;
                if (_failure is not null)
                    throw new GuestException(GuestFault.Qmp, _failure.Message, _failure.RecommendedAction, _failure);
                limit.ForPulse(_lock, $"QEMU at {_stream.Peer} to send {what}");
            }
        }
    }

    private void Read()
    {
        var bytes = new byte[4096];
        var count = 0;
        using var unlimited = new WaitLimit();
        try
        {
            while (true)
            {
                if (count == bytes.Length)
                    Array.Resize(ref bytes, count < MostLine ? 2 * count : throw Bad("sent a line that does not end"));
                var received = _stream.Receive(bytes.AsSpan(count), unlimited);
                if (received == 0)
                    throw Bad("closed the connection");
                count = TakeLines(bytes, count + received, count);
            }
        }
        catch (DmaBufException e)
        {
            Fail(e);
        }
        catch (JsonException)
        {
            Fail(Bad("sent something that is not JSON"));
        }
        catch (ObjectDisposedException)
        {
            // This side has closed the connection.
        }
    }

    /// <summary>Takes the whole lines out of the bytes.</summary>
    /// <returns>How many bytes are left, at the start.</returns>
    private int TakeLines(byte[] bytes, int count, int looked)
    {
        var start = 0;
        for (var end = Next(looked); end >= 0; end = Next(start))
        {
            if (bytes.AsSpan(start, end - start).Trim(" \r\t"u8) is { IsEmpty: false } line)
                Take(JsonNode.Parse(line, null, s_options));
            start = end + 1;
        }

        bytes.AsSpan(start, count - start).CopyTo(bytes);
        return count - start;

        int Next(int from) => Array.IndexOf(bytes, (byte)'\n', from, count - from);
    }

    private void Take(JsonNode? node)
    {
        if (node is not JsonObject message)
            return;
        if (message["event"] is JsonValue name)
        {
            KernelTrace.Write($"QMP: event {name}");
            _onEvent(name.ToString(), message["data"]);
            return;
        }

        lock (_lock)
        {
            if (message.ContainsKey("QMP"))
                _greeting = message;
            else
                _answer = message;
            Monitor.PulseAll(_lock);
        }
    }

    private void Fail(DmaBufException failure)
    {
        lock (_lock)
        {
            _failure = failure;
            Monitor.PulseAll(_lock);
        }
    }

    private PeerException Bad(string what) => new(PeerFault.BadMessage, _stream.Peer, what,
        "The path must be a QMP socket of QEMU: -qmp unix:PATH,server,wait=off.");
}
