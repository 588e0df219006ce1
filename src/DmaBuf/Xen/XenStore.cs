using System.Globalization;
using System.Text;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;
using static DmaBuf.Interop.XsWire;

namespace DmaBuf.Xen;

/// <summary>A connection to xenstore, for one request at a time. Its watches end with it.</summary>
public sealed class XenStore : IDisposable
{
    private readonly XenStoreConnection _connection;
    private readonly WaitLimit _limit;
    private uint _transaction;

    private XenStore(XenStoreConnection connection, WaitLimit limit)
    {
        _connection = connection;
        _limit = limit;
    }

    /// <summary>Connects.</summary>
    /// <param name="limit">The time limit of all of this connection's waits.</param>
    /// <exception cref="KernelException">
    /// open: not a Xen domain, or xenstore is denied. connect: xenstored is gone.
    /// </exception>
    public static XenStore Open(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        return new XenStore(XenStoreConnection.Open(limit), limit);
    }

    /// <summary>
    /// Whether a failure means that xenstore cannot be reached: this machine is not a Xen domain, xenstore is denied,
    /// or xenstored is gone.
    /// </summary>
    public static bool IsUnreachable(DmaBufException failure) =>
        failure is KernelException { Call: "open" or "connect" } kernel && XenStoreConnection.IsPlace(kernel.Target);

    /// <summary>Connects to a daemon's socket.</summary>
    /// <exception cref="KernelException">socket, connect.</exception>
    internal static XenStore Connect(string path, WaitLimit limit) =>
        new(XenStoreConnection.Connect(path, limit), limit);

    /// <summary>A node's value, or null where there is no such node.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public string? Read(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(Request(xsd_sockmsg_type.XS_READ, path, Text(path)));
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

    /// <summary>
    /// The names of a node's children; none where there is no such node or this domain may not know of it.
    /// </summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public IReadOnlyList<string> List(string path)
    {
        try
        {
            return Encoding.UTF8.GetString(Request(xsd_sockmsg_type.XS_DIRECTORY, path, Text(path)))
                .Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (XenStoreException e) when (e.ErrnoName is "ENOENT" or "EACCES")
        {
            return [];
        }
    }

    /// <summary>Writes a node's value, and makes the node and its parents where they are missing.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Write(string path, string value) =>
        Request(xsd_sockmsg_type.XS_WRITE, path, [.. Text(path), .. Encoding.UTF8.GetBytes(value)]);

    /// <summary>
    /// Makes a node without a value, and its parents where they are missing; does nothing if the node exists.
    /// </summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void MakeNode(string path) => Request(xsd_sockmsg_type.XS_MKDIR, path, Text(path));

    /// <summary>Removes a node and everything below it; does nothing if there is no such node.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Remove(string path)
    {
        try
        {
            Request(xsd_sockmsg_type.XS_RM, path, Text(path));
        }
        catch (XenStoreException e) when (e.ErrnoName == "ENOENT")
        {
        }
    }

    /// <summary>Removes a node that has nothing below it.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    internal void RemoveIfEmpty(string path)
    {
        if (List(path).Count == 0)
            Remove(path);
    }

    /// <summary>
    /// Makes <paramref name="owner"/> the owner of a node, which only <paramref name="peer"/> may access besides.
    /// </summary>
    /// <param name="path">The node.</param>
    /// <param name="owner">Its owner, which has full access.</param>
    /// <param name="peer">The one other domain that has access.</param>
    /// <param name="peerMayWrite">Whether the peer may write too.</param>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void SetPermissions(string path, ushort owner, ushort peer, bool peerMayWrite) =>
        Request(xsd_sockmsg_type.XS_SET_PERMS, path,
            [.. Text(path), .. Text($"n{owner}"), .. Text($"{(peerMayWrite ? 'b' : 'r')}{peer}")]);

    /// <summary>
    /// Watches a node and everything below it; the first event comes at once. If xenstore refuses, for lack of
    /// permission or because of its quota of watches, no events come, which only delays callers: they look again after
    /// a while anyway.
    /// </summary>
    public void TryWatch(string path)
    {
        try
        {
            Request(xsd_sockmsg_type.XS_WATCH, path, [.. Text(path), .. Text(path)]);
        }
        catch (XenStoreException)
        {
        }
        catch (KernelException e) when (e.Call == "write" && e.Errno is not (Errno.EPIPE or Errno.ECONNRESET))
        {
            // A guest's kernel reports the refusal as a failure of the write.
        }
    }

    /// <summary>Waits until something under a watch has changed, for at most the given milliseconds.</summary>
    /// <exception cref="WaitTimeoutException">The connection's time limit has passed.</exception>
    public void WaitForEvent(int milliseconds, string waitedFor) => _connection.WaitForEvent(milliseconds, waitedFor);

    /// <summary>
    /// Does several requests as one transaction: all of them or none. They are repeated if others interfere.
    /// </summary>
    /// <param name="path">The node that a failure names.</param>
    /// <param name="work">The requests.</param>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Transact(string path, Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        const int RetryMilliseconds = 20;
        while (!TryTransact(path, work))
            _limit.Pause(RetryMilliseconds, "other changes to the same xenstore nodes to end");
    }

    /// <summary>Ends the connection and its watches.</summary>
    public void Dispose() => _connection.Dispose();

    private static byte[] Text(string value) => Encoding.UTF8.GetBytes(value + '\0');

    private byte[] Request(xsd_sockmsg_type type, string path, byte[] payload) =>
        _connection.Request(type, _transaction, path, payload);

    private bool TryTransact(string path, Action work)
    {
        var started = Request(xsd_sockmsg_type.XS_TRANSACTION_START, path, Text(""));
        _transaction = uint.Parse(Encoding.UTF8.GetString(started).TrimEnd('\0'), CultureInfo.InvariantCulture);
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

    /// <summary>Returns false where the work must be repeated.</summary>
    private bool EndTransaction(string path, bool commit)
    {
        try
        {
            Request(xsd_sockmsg_type.XS_TRANSACTION_END, path, Text(commit ? "T" : "F"));
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
}
