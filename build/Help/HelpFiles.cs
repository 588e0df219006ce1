using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace DmaBuf.Build;

/// <summary>Makes the module's help from the pages in docs/help.</summary>
internal static class HelpFiles
{
    /// <summary>The name of the file that holds the help of all cmdlets.</summary>
    public const string MamlName = "DmaBufPS.dll-Help.xml";

    /// <summary>The folder of the pages.</summary>
    public static string Pages { get; } = Repository.At("docs", "help");

    /// <summary>The path of that file.</summary>
    public static string MamlPath { get; } = Path.Combine(Repository.Module, "en-US", MamlName);

    /// <summary>Makes the help; fails on a page that breaks the layout, and names the line.</summary>
    public static void Update()
    {
        var folder = Path.GetDirectoryName(MamlPath)!;
        Directory.CreateDirectory(folder);
        foreach (var topic in Directory.GetFiles(Pages, "about_*.md"))
        {
            var name = Path.GetFileNameWithoutExtension(topic) + ".help.txt";
            AtomicFile.Copy(topic, Path.Combine(folder, name));
        }

        Save(MamlWriter.Write(PagesOfCmdlets().Select(PageParser.Parse)));
    }

    /// <summary>The cmdlets in the module's manifest that have no page.</summary>
    public static string[] CmdletsWithoutPage() =>
        [.. ModuleManifest.Cmdlets().Where(cmdlet => !File.Exists(Path.Combine(Pages, cmdlet + ".md")))];

    /// <summary>The pages of cmdlets: only their names contain a hyphen.</summary>
    private static IEnumerable<string> PagesOfCmdlets() =>
        Directory.GetFiles(Pages, "*-*.md").Order(StringComparer.Ordinal);

    private static void Save(XDocument maml) => AtomicFile.Write(MamlPath, path =>
    {
        var settings = new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(false) };
        using var writer = XmlWriter.Create(path, settings);
        maml.Save(writer);
    });
}
