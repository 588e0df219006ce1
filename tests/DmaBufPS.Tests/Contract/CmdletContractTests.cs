using System.Management.Automation;
using Xunit;

namespace DmaBufPS.Tests.Contract;

/// <summary>Checks what every exported cmdlet must provide, and that its help page agrees.</summary>
public sealed class CmdletContractTests : IClassFixture<ExportedCmdlets>
{
    /// <summary>Verbs of commands that only look and change nothing.</summary>
    private static readonly string[] s_lookingVerbs = ["Compare", "Get", "Show", "Test"];

    /// <summary>Verbs of commands of which only some forms change something.</summary>
    private static readonly string[] s_waitingVerbs = ["Read", "Wait"];

    private readonly ExportedCmdlets _exported;

    public CmdletContractTests(ExportedCmdlets exported) => _exported = exported;

    public static TheoryData<string> Names => [.. ExportedCmdlets.InManifest];

    [Theory]
    [MemberData(nameof(Names))]
    public void Buffers_complete_wherever_an_argument_can_be_one(string name)
    {
        string[] types = ["DmaBufPS.DmaBufferOrName[]", "DmaBufPS.MemFdSource"];
        Assert.All(
            ParametersOf(name).Where(parameter => types.Contains($"{parameter.ParameterType}")),
            parameter => Assert.Contains(parameter.Attributes, attribute => attribute is ArgumentCompleterAttribute));
        Assert.All(
            ParametersOf(name).Where(parameter => parameter.Aliases.Contains("Buffer")),
            parameter => Assert.Contains(parameter.ParameterSets.Values, set => set.ValueFromPipeline));
    }

    [Fact]
    public void The_module_exports_what_its_manifest_lists() =>
        Assert.Equal(ExportedCmdlets.InManifest.Order(), _exported.Names.Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void The_verb_is_approved(string name)
    {
        var approved = _exported.Shell.Run("Get-Verb | ForEach-Object Verb").Select(verb => $"{verb}");
        Assert.Contains(_exported[name].Verb, approved);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_help_page_has_a_synopsis_and_an_example(string name)
    {
        var page = new HelpPage(name);
        Assert.NotEmpty(page.Synopsis);
        Assert.True(page.Examples > 0, "there is no example");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_declared_output_types_are_those_of_the_help_page(string name) =>
        Assert.Equal(
            new HelpPage(name).Outputs.Order(),
            _exported[name].OutputType.Select(output => output.Name).Distinct().Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_output_type_of_the_module_has_a_format_view(string name)
    {
        var own = _exported[name].OutputType
            .Select(output => output.Name)
            .Where(type => type.StartsWith("DmaBuf", StringComparison.Ordinal));
        Assert.All(own, type => Assert.Single(_exported.Shell.Run($"Get-FormatData -TypeName {type}")));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void WhatIf_exists_exactly_where_something_changes(string name)
    {
        var cmdlet = _exported[name];
        if (s_lookingVerbs.Contains(cmdlet.Verb))
            Assert.DoesNotContain("WhatIf", cmdlet.Parameters.Keys);
        else if (!s_waitingVerbs.Contains(cmdlet.Verb) || cmdlet.Parameters.ContainsKey("OutFile"))
            Assert.Contains("WhatIf", cmdlet.Parameters.Keys);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_help_page_describes_every_parameter_and_no_other(string name)
    {
        var pages = new HelpPage(name).Parameters;
        Assert.Equal(ParametersOf(name).Select(parameter => parameter.Name).Order(), pages.Keys.Order());
        Assert.All(pages, page => Assert.NotEmpty(page.Value.Text));
        Assert.All(pages, page => Assert.DoesNotContain("{{", page.Value.Text, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Parameters_bind_by_position_and_from_the_pipeline_as_the_help_page_says(string name)
    {
        var pages = new HelpPage(name).Parameters;
        Assert.All(
            ParametersOf(name),
            parameter => Assert.Equal(pages[parameter.Name].Sets.Order(), SetsOf(parameter).Order()));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Parameters_have_the_types_aliases_and_values_of_the_help_page(string name)
    {
        var pages = new HelpPage(name).Parameters;
        Assert.All(ParametersOf(name), parameter =>
        {
            var page = pages[parameter.Name];
            Assert.Equal(page.Type, $"{parameter.ParameterType}");
            Assert.Equal(page.Aliases.Order(), parameter.Aliases.Order());
            Assert.Equal(page.SupportsWildcards, parameter.Attributes.OfType<SupportsWildcardsAttribute>().Any());
            Assert.Equal(page.AcceptedValues.Order(), ValuesOf(parameter).Order());
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Addresses_domains_and_encodings_complete(string name)
    {
        string[] completing = ["Address", "Domain", "Encoding", "Heap", "PixelFormat"];
        // PowerShell itself completes the values of enumerations.
        Assert.All(
            ParametersOf(name).Where(parameter => completing.Contains(parameter.Name) && !ValuesOf(parameter).Any()),
            parameter => Assert.Contains(parameter.Attributes, attribute => attribute is ArgumentCompleterAttribute));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_time_limit_is_in_seconds_or_a_TimeSpan_and_may_be_zero(string name)
    {
        foreach (var limit in ParametersOf(name))
        {
            if (!limit.Name.Contains("Timeout", StringComparison.Ordinal))
                continue;
            // The limits of a stream of frames have the unit that its protocol's programs give them in.
            if (limit.Name is "AckTimeoutMs" or "ConnectTimeoutMs")
            {
                Assert.Equal(0, Assert.Single(limit.Attributes.OfType<ValidateRangeAttribute>()).MinRange);
                continue;
            }

            Assert.Equal("TimeoutSec", limit.Name);
            Assert.Equal(typeof(double), limit.ParameterType);
            var range = Assert.Single(limit.Attributes.OfType<ValidateRangeAttribute>());
            Assert.Equal(0.0, range.MinRange);
            Assert.Contains(limit.Attributes, attribute => attribute.GetType().Name == "SecondsArgumentAttribute");
        }
    }

    private static IEnumerable<string> SetsOf(ParameterMetadata parameter) =>
        parameter.ParameterSets.Select(set => ParameterPage.Describe(
            set.Key == ParameterAttribute.AllParameterSets ? "(All)" : set.Key,
            set.Value.Position == int.MinValue ? "Named" : $"{set.Value.Position}",
            set.Value.IsMandatory,
            set.Value.ValueFromPipeline,
            set.Value.ValueFromPipelineByPropertyName,
            set.Value.ValueFromRemainingArguments));

    private static IEnumerable<string> ValuesOf(ParameterMetadata parameter)
    {
        var type = parameter.ParameterType.GetElementType() ?? parameter.ParameterType;
        return parameter.Attributes.OfType<ValidateSetAttribute>().SelectMany(set => set.ValidValues)
            .Concat(type.IsEnum ? Enum.GetNames(type) : []);
    }

    private IEnumerable<ParameterMetadata> ParametersOf(string name) =>
        _exported[name].Parameters.Values.Where(parameter => !Cmdlet.CommonParameters.Contains(parameter.Name));
}
