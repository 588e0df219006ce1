using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>A program of tests/Peers, compiled with the system's compiler against the system's headers.</summary>
internal static class CProgram
{
    private static readonly ConcurrentDictionary<string, string> s_compiled = new();

    /// <summary>Compiles nothing but a header of each package.</summary>
    private static readonly string[] s_probe =
        ["-fsyntax-only", "-include", "stdio.h", "-include", "linux/udmabuf.h", "-x", "c", "/dev/null"];

    private static readonly string s_directory = Directory.CreateTempSubdirectory("dmabuf-tests-").FullName;

    /// <summary>The system's own compiler.</summary>
    public static string Compiler =>
        Environment.GetEnvironmentVariable("CC") is { Length: > 0 } named ? named : "cc";

    public static CProcess Start(string name, params string[] arguments) =>
        new(s_compiled.GetOrAdd(name, Compile), arguments);

    /// <summary>Compiles a program to assembly language, of another processor with that processor's compiler.</summary>
    /// <param name="name">The program's name.</param>
    /// <param name="compiler">The compiler.</param>
    /// <param name="packages">The Debian packages that the compiler and its headers are in.</param>
    public static string[] ToAssembly(string name, string compiler, string packages)
    {
        var output = Path.Combine(s_directory, $"{name}-{Path.GetFileName(compiler)}.s");
        Compile(name, compiler, packages, "-S", "-o", output);
        return File.ReadAllLines(output);
    }

    private static string Compile(string name)
    {
        var output = Path.Combine(s_directory, name);
        Compile(name, Compiler, "a C compiler and libc6-dev", "-O1", "-o", output);
        return output;
    }

    private static void Compile(string name, string compiler, string packages, params string[] options)
    {
        var source = Path.Combine(AppContext.BaseDirectory, "Peers", name + ".c");
        var errors = ErrorsOf(compiler, packages, ["-Wall", .. options, source]);
        if (errors is null)
            return;
        // Only what is not installed is a reason to skip, and not a wrong name in the program itself.
        var lacksHeaders = ErrorsOf(compiler, packages, s_probe) is not null;
        Assert.SkipWhen(lacksHeaders, $"needs {packages}");
        Assert.Fail(errors);
    }

    /// <summary>Returns what a compiler that failed said; null after success.</summary>
    private static string? ErrorsOf(string compiler, string packages, string[] arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(compiler, arguments) { RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"needs {packages}");
            throw;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : errors;
        }
    }
}
