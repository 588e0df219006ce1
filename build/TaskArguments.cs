namespace DmaBuf.Build;

/// <summary>The words after a task's name: options first, then, after "--" if need be, the rest.</summary>
internal sealed class TaskArguments(string[] words)
{
    private readonly List<string> _words = [.. words];

    /// <summary>Takes a switch like -NoMachine out of the words.</summary>
    public bool TakeSwitch(string name)
    {
        var at = IndexOf(name);
        if (at >= 0)
            _words.RemoveAt(at);
        return at >= 0;
    }

    /// <summary>Takes an option and its value, like -Filter X, out of the words; null when it is not there.</summary>
    public string? TakeOption(string name)
    {
        var at = IndexOf(name);
        if (at < 0)
            return null;
        if (at + 1 == _words.Count)
            throw new BuildException($"{_words[at]} wants a value.");
        var value = _words[at + 1];
        _words.RemoveRange(at, 2);
        return value;
    }

    /// <summary>Takes a whole number, or the default when the option is not there.</summary>
    public int TakeNumber(string name, int byDefault)
    {
        var value = TakeOption(name);
        if (value is null)
            return byDefault;
        return int.TryParse(value, out var number) && number >= 0
            ? number
            : throw new BuildException($"-{name} wants a number, not \"{value}\".");
    }

    /// <summary>What is left, without the "--" that ends the options.</summary>
    public string[] TakeRest()
    {
        string[] rest = [.. _words.Take(1).Where(word => word != "--"), .. _words.Skip(1)];
        _words.Clear();
        return rest;
    }

    /// <summary>Complains about words that nobody took.</summary>
    public void Finish()
    {
        if (_words.Count > 0)
            throw new BuildException($"\"{_words[0]}\" is no option of this task.");
    }

    private int IndexOf(string name)
    {
        var end = _words.IndexOf("--");
        return _words.FindIndex(0, end < 0 ? _words.Count : end, IsOption);

        // -Filter for PowerShell's users, --filter for the others.
        bool IsOption(string word) =>
            word.StartsWith('-') && word.TrimStart('-').Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
