namespace DmaBuf.Tests;

/// <summary>The nodes of a xenstore with the rules of Xen's own daemon (tools/xenstore/xenstored_core.c).</summary>
internal sealed class StoreTree
{
    private const int MaxNodeBytes = 2048;
    private readonly SortedDictionary<string, Node> _nodes;

    public StoreTree() => _nodes = new(StringComparer.Ordinal) { ["/"] = new("", ["n0"]) };

    private StoreTree(StoreTree other) => (_nodes, MaxNodes) = (new(other._nodes, StringComparer.Ordinal), other.MaxNodes);

    /// <summary>How many nodes an ordinary domain may own.</summary>
    public int MaxNodes { get; set; } = 1000;

    public IEnumerable<string> Paths => _nodes.Keys.Where(path => path != "/");

    public StoreTree Copy() => new(this);

    public string Read(int domain, string path) => Get(domain, path, 'r').Value;

    public string[] List(int domain, string path)
    {
        Get(domain, path, 'r');
        return Children(path);
    }

    /// <summary>Makes or changes a node; null makes it where it is missing.</summary>
    public void Write(int domain, string path, string? value)
    {
        if (_nodes.ContainsKey(path))
        {
            var node = Get(domain, path, 'w');
            Put(domain, path, node with { Value = value ?? node.Value });
            return;
        }

        var parent = ParentOf(path);
        while (!_nodes.ContainsKey(parent))
            parent = ParentOf(parent);
        var inherited = Get(domain, parent, 'w').Permissions;
        string[] own = domain == 0 ? inherited : ["n" + domain, .. inherited[1..]];
        for (var at = path; at != parent; at = ParentOf(at))
            Put(domain, at, new Node(at == path ? value ?? "" : "", own));
    }

    public void Remove(int domain, string path)
    {
        Get(domain, path, 'w');
        foreach (var below in _nodes.Keys.Where(other => IsIn(other, path)).ToList())
            _nodes.Remove(below);
    }

    public void SetPermissions(int domain, string path, string[] permissions)
    {
        var node = Get(domain, path, 'w');
        if (domain != 0 && node.Permissions[0][1..] != $"{domain}")
            throw new StoreRefusal("EACCES");
        _nodes[path] = node with { Permissions = permissions };
    }

    public string[] PermissionsOf(string path) => _nodes[path].Permissions;

    public bool MayRead(int domain, string path) => _nodes.TryGetValue(path, out var node) && Allows(domain, node, 'r');

    public static bool IsIn(string path, string root) => path == root || path.StartsWith(root + "/", StringComparison.Ordinal);

    private static string ParentOf(string path) => path.LastIndexOf('/') is > 0 and var at ? path[..at] : "/";

    private static bool Allows(int domain, Node node, char access)
    {
        if (domain == 0 || node.Permissions[0][1..] == $"{domain}")
            return true;
        var entry = node.Permissions.Skip(1).FirstOrDefault(entry => entry[1..] == $"{domain}") ?? node.Permissions[0];
        return entry[0] == 'b' || entry[0] == access;
    }

    private Node Get(int domain, string path, char access)
    {
        if (_nodes.TryGetValue(path, out var node))
            return Allows(domain, node, access) ? node : throw new StoreRefusal("EACCES");
        // Whoever may not look into the parent does not learn what is not in it.
        var parent = ParentOf(path);
        while (!_nodes.ContainsKey(parent))
            parent = ParentOf(parent);
        throw new StoreRefusal(Allows(domain, _nodes[parent], 'r') ? "ENOENT" : "EACCES");
    }

    private string[] Children(string path)
    {
        var prefix = path == "/" ? path : path + "/";
        return [.. _nodes.Keys.Where(other => other.Length > prefix.Length && other.StartsWith(prefix, StringComparison.Ordinal) && !other[prefix.Length..].Contains('/', StringComparison.Ordinal)).Select(other => other[prefix.Length..])];
    }

    private void Put(int domain, string path, Node node)
    {
        var size = 24 + (8 * node.Permissions.Length) + node.Value.Length + Children(path).Sum(child => child.Length + 1);
        if (domain != 0 && (size >= MaxNodeBytes || (!_nodes.ContainsKey(path) && _nodes.Values.Count(other => other.Permissions[0][1..] == $"{domain}") >= MaxNodes)))
            throw new StoreRefusal("ENOSPC");
        _nodes[path] = node;
    }

    private sealed record Node(string Value, string[] Permissions);
}

/// <summary>An error as xenstore names it.</summary>
internal sealed class StoreRefusal(string errno) : Exception(errno);
