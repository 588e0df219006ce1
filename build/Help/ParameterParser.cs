using System.Globalization;
using Markdig.Syntax;

namespace DmaBuf.Build;

/// <summary>Reads a page's PARAMETERS section: for each parameter, its text and then a block of YAML.</summary>
internal sealed class ParameterParser(PageSource source)
{
    /// <summary>The last part of the section, for which Get-Help has its own text.</summary>
    private const string Common = "CommonParameters";

    public List<HelpParameter> Parse(PageSection section)
    {
        var parts = PageSection.Split(section.Blocks, 3, source);
        if (parts.Count == 0 || parts[^1].Title != Common)
            throw source.Error(section.Line, $"PARAMETERS must end with '### {Common}'");
        foreach (var (index, part) in parts.Index())
        {
            if (parts.Take(index).Any(earlier => earlier.Title == part.Title))
                throw source.Error(part.Line, $"'### {part.Title}' appears twice");
        }

        return [.. parts.SkipLast(1).Select(ParseParameter)];
    }

    private HelpParameter ParseParameter(PageSection part)
    {
        if (!part.Title.StartsWith('-'))
            throw source.Error(part.Line, $"expected '### -Name', found '### {part.Title}'");
        if (part.Blocks is not [.., FencedCodeBlock { Info: "yaml" } fence])
            throw source.Error(part.Line, $"{part.Title} must end with a block of yaml");
        if (part.Blocks.Count == 1)
            throw source.Error(part.Line, $"{part.Title} has no text");

        var yaml = PageYaml.Parse(LinesOf(fence), PageSection.LineOf(fence) + 1, source);
        yaml.RequireKeys(
            "Type", "DefaultValue", "SupportsWildcards", "Aliases", "ParameterSets", "DontShow", "AcceptedValues",
            "HelpMessage");
        return new HelpParameter
        {
            Name = part.Title[1..],
            Line = part.Line,
            Text = PageText.Read(part.Blocks.SkipLast(1), source),
            Type = yaml.Text("Type"),
            DefaultValue = yaml.Text("DefaultValue"),
            SupportsWildcards = yaml.Flag("SupportsWildcards"),
            Aliases = yaml.List("Aliases"),
            AcceptedValues = yaml.List("AcceptedValues"),
            Sets = [.. yaml.Mappings("ParameterSets").Select(ParseSet)],
        };
    }

    private HelpParameterSet ParseSet(YamlMapping yaml)
    {
        yaml.RequireKeys(
            "Name", "Position", "IsRequired", "ValueFromPipeline", "ValueFromPipelineByPropertyName",
            "ValueFromRemainingArguments");
        var position = yaml.Text("Position");
        if (position != HelpParameterSet.Named
            && !int.TryParse(position, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw source.Error(yaml.LineOf("Position"), $"'Position' must be a number or Named, not '{position}'");
        return new HelpParameterSet(
            yaml.Text("Name"),
            position,
            yaml.Flag("IsRequired"),
            yaml.Flag("ValueFromPipeline"),
            yaml.Flag("ValueFromPipelineByPropertyName"));
    }

    private static string[] LinesOf(LeafBlock fence) => fence.Lines.ToString().Split('\n');
}
