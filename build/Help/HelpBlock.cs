namespace DmaBuf.Build;

/// <summary>A piece of a page's text, without its markup.</summary>
internal abstract record HelpBlock;

/// <summary>Running text, which Get-Help wraps.</summary>
internal sealed record HelpParagraph(string Text) : HelpBlock;

/// <summary>A list; its items hold running text.</summary>
internal sealed record HelpList(bool Ordered, IReadOnlyList<string> Items) : HelpBlock;

/// <summary>Lines that are shown as they are: code, output or a table.</summary>
internal sealed record HelpLines(string Text) : HelpBlock;
