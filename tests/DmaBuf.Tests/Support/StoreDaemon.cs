using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using DmaBuf.Interop;
using Socket = System.Net.Sockets.Socket;

namespace DmaBuf.Tests;

/// <summary>
/// The other side of xenstore's wire protocol, for the tests of what is said over it: one socket for each domain that
/// asks, no domain behind it, and no grant. The lab's tests use Xen's own daemon.
/// </summary>
internal sealed class StoreDaemon : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Watcher> _watches = [];
    private StoreTree _tree = new();
    private long _generation;

    public StoreDaemon(params int[] domains)
    {
        foreach (var domain in domains)
        {
            Write($"/local/domain/{domain}/domid", $"{domain}");
            _tree.SetPermissions(0, $"/local/domain/{domain}", ["n0", $"r{domain}"]);
            _tree.SetPermissions(0, $"/local/domain/{domain}/domid", ["n0", $"r{domain}"]);
            if (domain != 0)
            {
                Write($"/local/domain/{domain}/data", "");
                _tree.SetPermissions(0, $"/local/domain/{domain}/data", [$"n{domain}"]);
            }

            var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(PathFor(domain)));
            listener.Listen(16);
            _sockets.Add(listener);
            new Thread(() => AcceptAll(listener, domain)) { IsBackground = true }.Start();
        }
    }

    /// <summary>The nodes there are, to look at and to change as dom0 could.</summary>
    public StoreTree Tree => _tree;

    public string PathFor(int domain) => _folder.File($"domain{domain}");

    public Func<WaitLimit, XenStore> OpenFor(int domain) => limit => XenStore.Connect(PathFor(domain), limit);

    public void Write(string path, string value) => Change(path, tree => tree.Write(0, path, value));

    public string? Read(string path)
    {
        lock (_sockets)
            return _tree.Paths.Contains(path) ? _tree.Read(0, path) : null;
    }

    /// <summary>A domain goes: its nodes, and then the news.</summary>
    public void Destroy(int domain)
    {
        Change($"/local/domain/{domain}", tree => tree.Remove(0, $"/local/domain/{domain}"));
        Change("@releaseDomain", _ => { });
    }

    public void Dispose()
    {
        lock (_sockets)
            _sockets.ForEach(socket => socket.Dispose());
        _folder.Dispose();
    }

    private void Change(string path, Action<StoreTree> change)
    {
        lock (_sockets)
        {
            change(_tree);
            _generation++;
            Fire(path);
        }
    }

    private void Fire(string path)
    {
        foreach (var watch in _watches.Where(watch => StoreTree.IsIn(path, watch.Path) || StoreTree.IsIn(watch.Path, path)))
        {
            if (watch.Domain == 0 || _tree.MayRead(watch.Domain, path) || !_tree.Paths.Contains(path))
                Send(watch.Socket, XsWire.XS_WATCH_EVENT, 0, $"{path}\0{watch.Token}\0");
        }
    }

    private void AcceptAll(Socket listener, int domain)
    {
        try
        {
            while (true)
            {
                var socket = listener.Accept();
                lock (_sockets)
                    _sockets.Add(socket);
                new Thread(() => Serve(socket, domain)) { IsBackground = true }.Start();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }

    private void Serve(Socket socket, int domain)
    {
        var transactions = new Dictionary<uint, (StoreTree Tree, long Generation, List<string> Changed)>();
        try
        {
            while (true)
            {
                var head = MemoryMarshal.Read<XsWire.xsd_sockmsg>(Receive(socket, Marshal.SizeOf<XsWire.xsd_sockmsg>()));
                var words = Encoding.UTF8.GetString(Receive(socket, (int)head.len)).Split('\0');
                lock (_sockets)
                {
                    try
                    {
                        Send(socket, head.type, head.req_id, Answer(head, words, socket, domain, transactions));
                    }
                    catch (StoreRefusal e)
                    {
                        Send(socket, XsWire.XS_ERROR, head.req_id, e.Message + "\0");
                    }

                    if (head.type == XsWire.XS_WATCH)
                        Send(socket, XsWire.XS_WATCH_EVENT, 0, $"{words[0]}\0{words[1]}\0");
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or EndOfStreamException)
        {
            lock (_sockets)
            {
                _watches.RemoveAll(watch => watch.Socket == socket);
                _sockets.Remove(socket);
            }

            socket.Dispose();
        }
    }

    private string Answer(XsWire.xsd_sockmsg head, string[] words, Socket socket, int domain, Dictionary<uint, (StoreTree Tree, long Generation, List<string> Changed)> transactions)
    {
        var tree = head.tx_id == 0 ? _tree : transactions[head.tx_id].Tree;
        var path = words[0].StartsWith('/') || words[0].StartsWith('@') ? words[0] : $"/local/domain/{domain}/{words[0]}";
        switch (head.type)
        {
            case XsWire.XS_READ:
                return tree.Read(domain, path);
            case XsWire.XS_DIRECTORY:
                return string.Concat(tree.List(domain, path).Select(name => name + '\0'));
            case XsWire.XS_WATCH:
                _watches.Add(new Watcher(socket, domain, path, words[1]));
                return "OK\0";
            case XsWire.XS_TRANSACTION_START:
                var id = (uint)transactions.Count + 1;
                transactions[id] = (_tree.Copy(), _generation, []);
                return $"{id}\0";
            case XsWire.XS_TRANSACTION_END:
                var (copy, since, changed) = transactions[head.tx_id];
                if (words[0] == "F")
                    return "OK\0";
                if (since != _generation)
                    throw new StoreRefusal("EAGAIN");
                if (changed.Count > 0)
                    (_tree, _generation) = (copy, _generation + 1);
                changed.ForEach(Fire);
                return "OK\0";
        }

        if (head.type == XsWire.XS_WRITE)
            tree.Write(domain, path, words[1]);
        else if (head.type == XsWire.XS_MKDIR)
            tree.Write(domain, path, null);
        else if (head.type == XsWire.XS_RM)
            tree.Remove(domain, path);
        else if (head.type == XsWire.XS_SET_PERMS)
            tree.SetPermissions(domain, path, words[1..^1]);
        else
            throw new StoreRefusal("ENOSYS");
        if (head.tx_id != 0)
        {
            transactions[head.tx_id].Changed.Add(path);
        }
        else
        {
            _generation++;
            Fire(path);
        }

        return "OK\0";
    }

    private static byte[] Receive(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var received = socket.Receive(bytes.AsSpan(done));
            done += received > 0 ? received : throw new EndOfStreamException();
        }

        return bytes;
    }

    private static void Send(Socket socket, uint type, uint request, string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        var head = new XsWire.xsd_sockmsg { type = type, req_id = request, len = (uint)payload.Length };
        socket.Send([.. MemoryMarshal.AsBytes(new ReadOnlySpan<XsWire.xsd_sockmsg>(in head)), .. payload]);
    }

    private sealed record Watcher(Socket Socket, int Domain, string Path, string Token);
}
