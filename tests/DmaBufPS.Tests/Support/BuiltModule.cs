namespace DmaBufPS.Tests;

/// <summary>The module as the build leaves it, and its repository.</summary>
internal static class BuiltModule
{
    public const string Name = "DmaBufPS";

    private const string Solution = "DmaBufPS.sln";

    /// <summary>The top folder of the repository.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The path of the module's manifest.</summary>
    public static string Manifest
    {
        get
        {
            var manifest = Path.Combine(RepositoryRoot, "out", Name, $"{Name}.psd1");
            return File.Exists(manifest)
                ? manifest
                : throw new InvalidOperationException(
                    $"The module was not built: {manifest} is missing. Run './build.sh build' first.");
        }
    }

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, Solution)))
                return folder;
        }

        throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} contains {Solution}: run the tests where they were built.");
    }
}
