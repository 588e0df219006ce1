namespace DmaBuf.Build;

/// <summary>The folders of the repository.</summary>
internal static class Repository
{
    /// <summary>The top folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of everything that the build makes.</summary>
    public static string Out { get; } = Path.Combine(Root, "out");

    /// <summary>The importable module.</summary>
    public static string Module { get; } = Path.Combine(Out, "DmaBufPS");

    /// <summary>A folder for PSModulePath, which contains the module.</summary>
    public static string Modules { get; } = Path.Combine(Out, "modules");

    /// <summary>The folder of a project's compiled files.</summary>
    public static string Binaries(string project) => Path.Combine(Out, "build/bin", project, "release");

    /// <summary>
    /// The folder of PowerShell's own assemblies, as its package has them; the tests' project brings them along.
    /// </summary>
    public static string PowerShellReference { get; } =
        Path.Combine(Binaries("DmaBufPS.Tests"), "runtimes/unix/lib/net10.0");

    /// <summary>A path below the top folder.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Directory.Build.props")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new BuildException("The build program must stay below the repository's out folder.");
    }
}
