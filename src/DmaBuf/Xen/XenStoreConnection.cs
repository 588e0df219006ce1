using System.Runtime.InteropServices;
using System.Text;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;
using static DmaBuf.Interop.XsWire;

namespace DmaBuf.Xen;

/// <summary>
/// A connection to xenstore, over dom0's unix socket or the device of any domain. It remembers a watch event that
/// arrives while it waits for an answer. The environment variable XENSTORED_PATH names another socket, as it does for
/// Xen's own tools.
/// </summary>
internal sealed class XenStoreConnection : IDisposable
{
    private const int AnswerMilliseconds = 30_000;
    private const string DeniedAction = "xenstored's socket belongs to root: run as root in dom0.";
    private const string GoneAction = "xenstore is gone: check that xenstored is running.";
    private static readonly string[] s_devices = ["/dev/xen/xenbus", "/proc/xen/xenbus"];
    private static readonly string[] s_sockets = ["/run/xenstored/socket", "/var/run/xenstored/socket"];

    private readonly FileDescriptor _fd;
    private readonly string _name;
    private readonly WaitLimit _limit;
    private uint _nextId = 1;
    private bool _changed;

    private XenStoreConnection(FileDescriptor fd, string name, WaitLimit limit)
    {
        _fd = fd;
        _name = name;
        _limit = limit;
    }

    /// <summary>Whether xenstore can be reached at a path.</summary>
    public static bool IsPlace(string path) =>
        s_devices.Contains(path) || s_sockets.Contains(path)
        || path == Environment.GetEnvironmentVariable("XENSTORED_PATH");

    /// <summary>Connects.</summary>
    /// <param name="limit">The time limit of all of this connection's waits.</param>
    /// <exception cref="KernelException">
    /// open: not a Xen domain, or xenstore is denied. connect: xenstored is gone.
    /// </exception>
    public static XenStoreConnection Open(WaitLimit limit)
    {
        var named = Environment.GetEnvironmentVariable("XENSTORED_PATH");
        foreach (var path in named is null ? s_sockets : [named])
        {
            if (File.Exists(path))
                return Connect(path, limit);
        }

        KernelException? failure = null;
        foreach (var path in s_devices)
        {
            if (Fcntl.Open(path, Fcntl.O_RDWR) is { } device)
                return new XenStoreConnection(device, path, limit);
            failure ??= new KernelException("open", Errno.Last, path);
        }

        throw failure!;
    }

    /// <summary>Connects to a daemon's socket.</summary>
    /// <exception cref="KernelException">socket, connect.</exception>
    public static XenStoreConnection Connect(string path, WaitLimit limit)
    {
        const int RetryMilliseconds = 20;
        var socket = Socket.Create(Socket.AF_UNIX, Socket.SOCK_STREAM) ?? throw new KernelException(
            "socket", Errno.Last, path);
        try
        {
            // The daemon's queue is short, and no event says when there is room again.
            while (!Socket.Connect(socket, SocketAddress.Unix(path), path))
            {
                if (Errno.Last is not (Errno.EAGAIN or Errno.EINTR))
                {
                    throw new KernelException("connect", Errno.Last, path, Errno.Last switch
                    {
                        Errno.ECONNREFUSED => GoneAction,
                        Errno.EACCES or Errno.EPERM => DeniedAction,
                        _ => null,
                    });
                }

                limit.Pause(RetryMilliseconds, $"{path} to accept the connection");
            }

            return new XenStoreConnection(socket, path, limit);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends one request and waits for its answer.</summary>
    /// <param name="type">The request.</param>
    /// <param name="transaction">The transaction that the request is part of, or 0.</param>
    /// <param name="path">The node that a failure names.</param>
    /// <param name="payload">The request's content.</param>
    /// <returns>The answer's content.</returns>
    /// <exception cref="XenStoreException">Refused.</exception>
    /// <exception cref="KernelException">read, write: xenstored is gone, or something else answers.</exception>
    public byte[] Request(xsd_sockmsg_type type, uint transaction, string path, byte[] payload)
    {
        if (payload.Length > XENSTORE_PAYLOAD_MAX)
            throw new XenStoreException(type, path, "E2BIG");
        var id = _nextId++;
        var head = new xsd_sockmsg { type = type, req_id = id, tx_id = transaction, len = (uint)payload.Length };
        Send([.. MemoryMarshal.AsBytes(new ReadOnlySpan<xsd_sockmsg>(in head)), .. payload]);
        while (true)
        {
            var (answer, content) = Receive($"xenstore to answer {type} of {path}");
            if (answer.type != xsd_sockmsg_type.XS_WATCH_EVENT && answer.req_id == id)
            {
                var refusal = answer.type == xsd_sockmsg_type.XS_ERROR
                    ? Encoding.UTF8.GetString(content).TrimEnd('\0')
                    : null;
                KernelTrace.Write($"xenstore {type} {path} = {refusal ?? $"{content.Length} bytes"}");
                return refusal is null ? content : throw new XenStoreException(type, path, refusal);
            }
        }
    }

    /// <summary>Waits until something under a watch has changed, for at most the given milliseconds.</summary>
    /// <exception cref="WaitTimeoutException">The connection's time limit has passed.</exception>
    public void WaitForEvent(int milliseconds, string waitedFor)
    {
        if (!_changed && _limit.ForEvent(_fd, Poll.POLLIN, milliseconds, waitedFor))
            Receive(waitedFor);
        _changed = false;
        // Checked here, so that a timeout names this event and not the next request.
        _limit.Pause(0, waitedFor);
    }

    /// <summary>Ends the connection and its watches.</summary>
    public void Dispose() => _fd.Dispose();

    private void Send(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            var written = Unistd.Write(_fd, message);
            if (written >= 0)
                message = message[(int)written..];
            else
                WaitOrThrow("write", Poll.POLLOUT, "xenstore to read");
        }
    }

    private (xsd_sockmsg Head, byte[] Payload) Receive(string waitedFor)
    {
        var head = default(xsd_sockmsg);
        ReceiveInto(MemoryMarshal.AsBytes(new Span<xsd_sockmsg>(ref head)), waitedFor);
        if (head.len > XENSTORE_PAYLOAD_MAX)
        {
            throw new KernelException(
                "read", Errno.EPROTO, _name, "Not a xenstore daemon: its message is longer than the protocol allows.");
        }

        var payload = new byte[head.len];
        ReceiveInto(payload, waitedFor);
        _changed |= head.type == xsd_sockmsg_type.XS_WATCH_EVENT;
        return (head, payload);
    }

    private void ReceiveInto(Span<byte> bytes, string waitedFor)
    {
        while (!bytes.IsEmpty)
        {
            if (!_limit.ForEvent(_fd, Poll.POLLIN, AnswerMilliseconds, waitedFor))
            {
                // A shorter limit of the caller's own takes precedence.
                _limit.Pause(0, waitedFor);
                throw new KernelException("read", Errno.ETIMEDOUT, _name, GoneAction);
            }

            var received = Unistd.Read(_fd, bytes);
            if (received == 0)
                throw new KernelException("read", Errno.EPIPE, _name, GoneAction);
            if (received > 0)
                bytes = bytes[(int)received..];
            else
                WaitOrThrow("read", Poll.POLLIN, waitedFor);
        }
    }

    private void WaitOrThrow(string call, short events, string waitedFor)
    {
        var errno = Errno.Last;
        if (errno == Errno.EAGAIN)
            _limit.ForEvent(_fd, events, waitedFor);
        else
            throw new KernelException(call, errno, _name, errno is Errno.EPIPE or Errno.ECONNRESET ? GoneAction : null);
    }
}
