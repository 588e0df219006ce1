using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Xen;

/// <summary>
/// A connection to xenstore, over dom0's unix socket or the device of any domain. One request at a time; that a
/// watch event arrived meanwhile is kept. Watches and connection end together. The environment variable XENSTORED_PATH
/// names another socket, as it does for Xen's own tools.
/// </summary>
public sealed class XenStore : IDisposable
{
    private static readonly string[] s_devices = ["/dev/xen/xenbus", "/proc/xen/xenbus"];
    private const int AnswerMilliseconds = 30_000;
    private const string DeniedCure = "xenstored's socket belongs to root: work as root in dom0.";
    private const string GoneCure = "xenstore is gone: see that xenstored runs.";
    private static readonly string[] s_sockets = ["/run/xenstored/socket", "/var/run/xenstored/socket"];

    private readonly FileDescriptor _fd;
    private readonly string _name;
    private readonly WaitLimit _limit;
    private readonly byte[] _buffer = new byte[XsWire.XENSTORE_PAYLOAD_MAX + 16];
    private uint _nextId = 1;
    private uint _transaction;
    private bool _changed;

    private XenStore(FileDescriptor fd, string name, WaitLimit limit)
    {
        _fd = fd;
        _name = name;
        _limit = limit;
    }

    /// <summary>Connects.</summary>
    /// <param name="limit">For how long this connection's waits may last together.</param>
    /// <exception cref="KernelException">
    /// open: not a Xen domain, or xenstore is denied. connect: xenstored is gone.
    /// </exception>
    public static XenStore Open(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
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
                return new XenStore(device, path, limit);
            failure ??= new KernelException("open", Errno.Last, path);
        }

        throw failure!;
    }

    /// <summary>Connects to a daemon's socket.</summary>
    /// <exception cref="KernelException">socket, connect.</exception>
    internal static XenStore Connect(string path, WaitLimit limit)
    {
        const int RetryMilliseconds = 20;
        var socket = Socket.Create(Socket.AF_UNIX, Socket.SOCK_STREAM) ?? throw new KernelException(
            "socket", Errno.Last, path);
        try
        {
            // The daemon's queue is short. There is no event for its end.
            while (!Socket.Connect(socket, SocketAddress.Unix(path), path))
            {
                if (Errno.Last is not (Errno.EAGAIN or Errno.EINTR))
                {
                    throw new KernelException("connect", Errno.Last, path, Errno.Last switch
                    {
                        Errno.ECONNREFUSED => GoneCure,
                        Errno.EACCES or Errno.EPERM => DeniedCure,
                        _ => null,
                    });
                }

                limit.Pause(RetryMilliseconds, $"{path} to accept the connection");
            }

            return new XenStore(socket, path, limit);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A node's value, or null where there is no such node.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public string? Read(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(Request(XsWire.XS_READ, "READ", path, Text(path)));
        }
        catch (XenStoreException e) when (e.ErrnoName == "ENOENT")
        {
            return null;
        }
    }

    /// <summary>A node's value, or null where there is no such node or this domain may not know of it.</summary>
    /// <exception cref="XenStoreException">Refused for another reason.</exception>
    public string? ReadIfAllowed(string path)
    {
        try
        {
            return Read(path);
        }
        catch (XenStoreException e) when (e.ErrnoName == "EACCES")
        {
            return null;
        }
    }

    /// <summary>The names of a node's children; none where there is no such node.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public IReadOnlyList<string> List(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(Request(XsWire.XS_DIRECTORY, "DIRECTORY", path, Text(path)))
                .Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (XenStoreException e) when (e.ErrnoName == "ENOENT")
        {
            return [];
        }
    }

    /// <summary>Writes a node's value, making the node and its parents where they are missing.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Write(string path, string value) =>
        Request(XsWire.XS_WRITE, "WRITE", path, [.. Text(path), .. Encoding.UTF8.GetBytes(value)]);

    /// <summary>
    /// Makes a node without a value, and its parents where they are missing; nothing where it exists.
    /// </summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void MakeNode(string path) => Request(XsWire.XS_MKDIR, "MKDIR", path, Text(path));

    /// <summary>Removes a node with all below it; nothing where there is none.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Remove(string path)
    {
        try
        {
            Request(XsWire.XS_RM, "RM", path, Text(path));
        }
        catch (XenStoreException e) when (e.ErrnoName == "ENOENT")
        {
        }
    }

    /// <summary>Gives a node to <paramref name="owner"/>, closed to all but <paramref name="peer"/>.</summary>
    /// <param name="path">The node.</param>
    /// <param name="owner">Its owner, who may do everything.</param>
    /// <param name="peer">The one other domain that has access.</param>
    /// <param name="peerMayWrite">Whether the peer may write too.</param>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void SetPermissions(string path, ushort owner, ushort peer, bool peerMayWrite) =>
        Request(
            XsWire.XS_SET_PERMS,
            "SET_PERMS",
            path,
            [.. Text(path), .. Text($"n{owner}"), .. Text($"{(peerMayWrite ? 'b' : 'r')}{peer}")]);

    /// <summary>
    /// Watches a node and all below it; the first event comes at once. Nothing comes of it where xenstore refuses, for
    /// want of rights or over its quota of watches: who waits looks again after a while anyway.
    /// </summary>
    public void TryWatch(string path)
    {
        try
        {
            Request(XsWire.XS_WATCH, "WATCH", path, [.. Text(path), .. Text(path)]);
        }
        catch (XenStoreException)
        {
        }
        catch (KernelException e) when (e.Call == "write" && e.Errno is not (Errno.EPIPE or Errno.ECONNRESET))
        {
            // The kernel of a guest gives the refusal as that of the write.
        }
    }

    /// <summary>Waits until something under a watch has changed, for so many milliseconds at most.</summary>
    /// <exception cref="WaitTimeoutException">The connection's time is over.</exception>
    public void WaitForEvent(int milliseconds, string waitedFor)
    {
        if (!_changed && _limit.ForEvent(_fd, Poll.POLLIN, milliseconds, waitedFor))
            Receive(waitedFor);
        _changed = false;
        // Said here, what the time was over for is the event, and not the next request.
        _limit.Pause(0, waitedFor);
    }

    /// <summary>Does several requests as one: all of them or none, and again where others were in between.</summary>
    /// <param name="path">What a failure names.</param>
    /// <param name="work">The requests.</param>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Transact(string path, Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        const int RetryMilliseconds = 20;
        while (!TryTransact(path, work))
            _limit.Pause(RetryMilliseconds, "others to leave the same nodes of xenstore alone");
    }

    /// <summary>Ends the connection and its watches.</summary>
    public void Dispose() => _fd.Dispose();

    private static byte[] Text(string value) => Encoding.UTF8.GetBytes(value + '\0');

    private byte[] Request(uint type, string name, string path, byte[] payload)
    {
        if (payload.Length > XsWire.XENSTORE_PAYLOAD_MAX)
            throw new XenStoreException(name, path, "E2BIG");
        var id = _nextId++;
        var head = new XsWire.xsd_sockmsg { type = type, req_id = id, tx_id = _transaction, len = (uint)payload.Length };
        Send([.. MemoryMarshal.AsBytes(new ReadOnlySpan<XsWire.xsd_sockmsg>(in head)), .. payload]);
        while (true)
        {
            var (answer, content) = Receive($"xenstore to answer {name} of {path}");
            if (answer.type != XsWire.XS_WATCH_EVENT && answer.req_id == id)
            {
                var refusal = answer.type == XsWire.XS_ERROR ? Encoding.UTF8.GetString(content).TrimEnd('\0') : null;
                KernelTrace.Write($"xenstore {name} {path} = {refusal ?? $"{content.Length} bytes"}");
                return refusal is null ? content : throw new XenStoreException(name, path, refusal);
            }
        }
    }

    private bool TryTransact(string path, Action work)
    {
        _transaction = uint.Parse(Encoding.UTF8.GetString(Request(XsWire.XS_TRANSACTION_START, "TRANSACTION_START", path, Text(""))).TrimEnd('\0'), CultureInfo.InvariantCulture);
        var commit = false;
        try
        {
            work();
            commit = true;
        }
        finally
        {
            commit = EndTransaction(path, commit);
        }

        return commit;
    }

    /// <summary>False where the work must be done again.</summary>
    private bool EndTransaction(string path, bool commit)
    {
        try
        {
            Request(XsWire.XS_TRANSACTION_END, "TRANSACTION_END", path, Text(commit ? "T" : "F"));
            return true;
        }
        catch (XenStoreException e) when (e.ErrnoName == "EAGAIN")
        {
            return false;
        }
        finally
        {
            _transaction = 0;
        }
    }

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

    private unsafe (XsWire.xsd_sockmsg Head, byte[] Payload) Receive(string waitedFor)
    {
        var head = default(XsWire.xsd_sockmsg);
        ReceiveInto(_buffer.AsSpan(0, sizeof(XsWire.xsd_sockmsg)), waitedFor);
        head = MemoryMarshal.Read<XsWire.xsd_sockmsg>(_buffer);
        if (head.len > XsWire.XENSTORE_PAYLOAD_MAX)
            throw new KernelException(
                "read", Errno.EPROTO, _name, "Not a xenstore daemon: its message is longer than the protocol allows.");
        var payload = new byte[head.len];
        ReceiveInto(payload, waitedFor);
        _changed |= head.type == XsWire.XS_WATCH_EVENT;
        return (head, payload);
    }

    private void ReceiveInto(Span<byte> bytes, string waitedFor)
    {
        while (!bytes.IsEmpty)
        {
            if (!_limit.ForEvent(_fd, Poll.POLLIN, AnswerMilliseconds, waitedFor))
            {
                // A caller's own limit that was shorter is told as such.
                _limit.Pause(0, waitedFor);
                throw new KernelException("read", Errno.ETIMEDOUT, _name, GoneCure);
            }

            var received = Unistd.Read(_fd, bytes);
            if (received == 0)
                throw new KernelException("read", Errno.EPIPE, _name, GoneCure);
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
            throw new KernelException(call, errno, _name, errno is Errno.EPIPE or Errno.ECONNRESET ? GoneCure : null);
    }
}
