namespace DmaBuf.Build;

/// <summary>A Markdown file, for messages that name a line in it.</summary>
internal sealed class PageSource(string path, string text)
{
    private readonly string _name = Path.GetRelativePath(Repository.Root, path);

    /// <summary>The file's name without its extension.</summary>
    public string Title { get; } = Path.GetFileNameWithoutExtension(path);

    public string Text { get; } = text;

    /// <summary>An exception that says what is wrong in a line of the file; lines count from 1.</summary>
    public BuildException Error(int line, string what) => new($"{_name}:{line}: {what}");
}
