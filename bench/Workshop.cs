using System.Diagnostics;

namespace DmaBuf.Bench;

/// <summary>The paths that a run uses, and the C programs that it compiles.</summary>
internal static class Workshop
{
    /// <summary>The repository's top folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder of logs, results and the compiled baseline.</summary>
    public static string Out { get; } = Path.Combine(Root, "out/bench");

    /// <summary>The manifest of the smallest binary module.</summary>
    public static string OneCmdlet { get; } =
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../OneCmdlet/release/OneCmdlet.psd1"));

    /// <summary>baseline.c as a library.</summary>
    public static string Library { get; } = Path.Combine(Out, "libbaseline.so");

    /// <summary>baseline.c as a program.</summary>
    public static string Program { get; } = Path.Combine(Out, "baseline");

    /// <summary>Kvm/pages.c as a program.</summary>
    public static string PagesC { get; } = Path.Combine(Out, "pages");

    /// <summary>tests/Peers/video.c as a program.</summary>
    public static string Video { get; } = Path.Combine(Out, "video");

    /// <summary>The compiler for this computer.</summary>
    public static string OwnCompiler { get; } =
        Environment.GetEnvironmentVariable("CC") is { Length: > 0 } named ? named : "cc";

    /// <summary>
    /// A file for output, in memory where the system has such a folder, so that the disk's speed does not count.
    /// </summary>
    public static string OutputFile { get; } = Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"dmabuf-bench-{Environment.ProcessId}");

    /// <summary>
    /// The program of Pair, the counterpart of Xen/pair.c and Kvm/pages.c that uses the core; the build makes it, for
    /// another processor in a subfolder.
    /// </summary>
    public static string Pair(string subfolder = "") => Path.Combine(Root, "out", subfolder, "dmabuf-pair");

    /// <summary>A path for a socket.</summary>
    public static string SocketPath(string side) =>
        Path.Combine(Path.GetTempPath(), $"dmabuf-bench-{Environment.ProcessId}-{side}");

    /// <summary>Compiles baseline.c both ways and loads the library.</summary>
    public static void Prepare()
    {
        Directory.CreateDirectory(Out);
        Compile(OwnCompiler, "baseline.c", "-shared", "-fPIC", "-o", Library);
        Compile(OwnCompiler, "baseline.c", "-o", Program);
        Compile(OwnCompiler, "../tests/Peers/video.c", "-o", Video);
        Baseline.Load(Library);
    }

    /// <summary>Compiles Kvm/pages.c.</summary>
    public static void PreparePages()
    {
        Directory.CreateDirectory(Out);
        Compile(OwnCompiler, "Kvm/pages.c", "-pthread", "-o", PagesC);
    }

    /// <summary>Compiles a C program of the benchmarks; the source is relative to their folder.</summary>
    public static void Compile(string compiler, string source, params string[] arguments)
    {
        using var process = Process.Start(compiler, ["-O2", Path.Combine(Root, "bench", source), .. arguments]);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{source} does not compile.");
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Directory.Build.props")))
            folder = Path.GetDirectoryName(folder);
        return folder
            ?? throw new InvalidOperationException("The benchmarks must stay below the repository's out folder.");
    }
}
