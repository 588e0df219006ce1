namespace DmaBuf.Build;

/// <summary>Keys and values of a page's YAML.</summary>
internal sealed class YamlMapping(int line, PageSource source)
{
    private readonly Dictionary<string, YamlValue> _values = [];

    public PageSource Source { get; } = source;

    public void Add(string key, YamlValue value)
    {
        if (!_values.TryAdd(key, value))
            throw Source.Error(value.Line, $"the key '{key}' appears twice");
    }

    /// <summary>Fails unless the mapping has exactly these keys.</summary>
    public void RequireKeys(params string[] keys)
    {
        foreach (var (key, value) in _values)
        {
            if (!keys.Contains(key))
                throw Source.Error(value.Line, $"unknown key '{key}'; the keys here are {string.Join(", ", keys)}");
        }

        if (keys.FirstOrDefault(key => !_values.ContainsKey(key)) is string missing)
            throw Source.Error(line, $"the key '{missing}' is missing");
    }

    public int LineOf(string key) => _values[key].Line;

    /// <summary>The value of a key; empty where the page has none.</summary>
    public string Text(string key)
    {
        var value = _values[key];
        return value.Items.Count == 0 && value.Mappings.Count == 0
            ? value.Scalar ?? string.Empty
            : throw Source.Error(value.Line, $"'{key}' must be one value, not a list");
    }

    public bool Flag(string key) => Text(key) switch
    {
        "true" => true,
        "false" => false,
        string text => throw Source.Error(LineOf(key), $"'{key}' must be true or false, not '{text}'"),
    };

    public IReadOnlyList<string> List(string key)
    {
        var value = _values[key];
        return value.Scalar is null && value.Mappings.Count == 0
            ? value.Items
            : throw Source.Error(value.Line, $"'{key}' must be a list of names");
    }

    public IReadOnlyList<YamlMapping> Mappings(string key)
    {
        var value = _values[key];
        return value.Scalar is null && value.Items.Count == 0 && value.Mappings.Count > 0
            ? value.Mappings
            : throw Source.Error(value.Line, $"'{key}' must be a list of groups of 'key: value' lines");
    }
}

/// <summary>A value in a page's YAML: a scalar or the elements of a list.</summary>
internal sealed record YamlValue(int Line, string? Scalar)
{
    public List<string> Items { get; } = [];

    public List<YamlMapping> Mappings { get; } = [];
}
