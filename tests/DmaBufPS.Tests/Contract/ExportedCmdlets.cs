using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS.Tests.Contract;

/// <summary>The cmdlets that the module exports.</summary>
public sealed class ExportedCmdlets : IDisposable
{
    private readonly Dictionary<string, CmdletInfo> _cmdlets;

    public ExportedCmdlets() =>
        _cmdlets = Shell.Run($"Get-Command -Module {BuiltModule.Name}")
            .Select(info => (CmdletInfo)info.BaseObject)
            .ToDictionary(info => info.Name);

    /// <summary>The names in the manifest, read without importing the module.</summary>
    public static IReadOnlyList<string> InManifest
    {
        get
        {
            var manifest = Parser.ParseFile(BuiltModule.Manifest, out _, out _);
            var table = (HashtableAst)manifest.Find(ast => ast is HashtableAst, searchNestedScriptBlocks: true);
            var exported = table.KeyValuePairs.Single(pair => $"{pair.Item1}" == "CmdletsToExport").Item2;
            return [.. exported.FindAll(ast => ast is StringConstantExpressionAst, searchNestedScriptBlocks: true)
                .Select(ast => ((StringConstantExpressionAst)ast).Value)];
        }
    }

    public IEnumerable<string> Names => _cmdlets.Keys;

    internal Shell Shell { get; } = new();

    public CmdletInfo this[string name] => _cmdlets[name];

    public void Dispose() => Shell.Dispose();
}
