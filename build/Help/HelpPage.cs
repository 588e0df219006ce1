namespace DmaBuf.Build;

/// <summary>The content of one cmdlet's page.</summary>
internal sealed record HelpPage
{
    /// <summary>The cmdlet's name.</summary>
    public required string Name { get; init; }

    /// <summary>The address that <c>Get-Help -Online</c> opens; empty where there is none.</summary>
    public required string HelpUri { get; init; }

    public required string Synopsis { get; init; }

    public required IReadOnlyList<HelpSyntax> Syntax { get; init; }

    public required IReadOnlyList<HelpBlock> Description { get; init; }

    public required IReadOnlyList<HelpExample> Examples { get; init; }

    public required IReadOnlyList<HelpParameter> Parameters { get; init; }

    public required IReadOnlyList<HelpType> Inputs { get; init; }

    public required IReadOnlyList<HelpType> Outputs { get; init; }

    public required IReadOnlyList<HelpBlock> Notes { get; init; }

    public required IReadOnlyList<HelpLink> Links { get; init; }
}

/// <summary>A type that the cmdlet takes from the pipeline or writes to it.</summary>
internal sealed record HelpType(string Name, IReadOnlyList<HelpBlock> Text);

/// <summary>A related link; a link to another page of this help has no address.</summary>
internal sealed record HelpLink(string Text, string Uri);

/// <summary>An example: what comes before its first code, that code, and everything after it.</summary>
internal sealed record HelpExample(
    string Title, IReadOnlyList<HelpBlock> Introduction, string Code, IReadOnlyList<HelpBlock> Remarks);

/// <summary>One way to call the cmdlet, as a line of the page's SYNTAX section shows it.</summary>
internal sealed record HelpSyntax(string Set, int Line, IReadOnlyList<HelpSyntaxParameter> Parameters);

/// <summary>A parameter in such a line; a switch has no type.</summary>
internal sealed record HelpSyntaxParameter(string Name, string Type, bool IsRequired, bool IsPositional)
{
    public bool IsSwitch => Type.Length == 0;
}
