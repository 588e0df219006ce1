namespace DmaBuf.Build;

/// <summary>The words after a task's name: the options, then the rest, after "--" if necessary.</summary>
internal sealed class TaskArguments(string[] words)
{
    private readonly List<string> _words = [.. words];

    /// <summary>Removes a switch like -Quick from the words; returns whether it was there.</summary>
    public bool TakeSwitch(string name)
    {
        var at = IndexOf(name);
        if (at >= 0)
            _words.RemoveAt(at);
        return at >= 0;
    }

    /// <summary>Removes an option and its value, like -Filter X, from the words; null when it is not there.</summary>
    public string? TakeOption(string name)
    {
        var at = IndexOf(name);
        if (at < 0)
            return null;
        if (at + 1 == _words.Count)
            throw new BuildException($"{_words[at]} needs a value.");
        var value = _words[at + 1];
        _words.RemoveRange(at, 2);
        return value;
    }

    /// <summary>Removes an option whose value is a whole number; returns the default when it is not there.</summary>
    public int TakeNumber(string name, int byDefault)
    {
        var value = TakeOption(name);
        if (value is null)
            return byDefault;
        return int.TryParse(value, out var number) && number >= 0
            ? number
            : throw new BuildException($"-{name} must be a whole number, not \"{value}\".");
    }

    /// <summary>Removes the words that are left and returns them, without the "--" that ends the options.</summary>
    public string[] TakeRest()
    {
        string[] rest = [.. _words.Take(1).Where(word => word != "--"), .. _words.Skip(1)];
        _words.Clear();
        return rest;
    }

    /// <summary>Fails if there are words that the task does not know.</summary>
    public void Finish()
    {
        if (_words.Count > 0)
            throw new BuildException($"\"{_words[0]}\" is not an option of this task.");
    }

    private int IndexOf(string name)
    {
        var end = _words.IndexOf("--");
        return _words.FindIndex(0, end < 0 ? _words.Count : end, IsOption);

        // Accepts -Filter, as PowerShell users write it, and --filter.
        bool IsOption(string word) =>
            word.StartsWith('-') && word.TrimStart('-').Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
