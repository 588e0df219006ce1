namespace DmaBuf.Build;

/// <summary>A piece of a page's text, with its markup taken out.</summary>
internal abstract record HelpBlock;

/// <summary>Running text, which is wrapped where it is shown.</summary>
internal sealed record HelpParagraph(string Text) : HelpBlock;

/// <summary>A list; its items hold running text.</summary>
internal sealed record HelpList(bool Ordered, IReadOnlyList<string> Items) : HelpBlock;

/// <summary>Lines that stay as they are: code, output or a table.</summary>
internal sealed record HelpLines(string Text) : HelpBlock;
