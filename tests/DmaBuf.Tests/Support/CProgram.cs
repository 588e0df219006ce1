using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>A program of tests/Peers, compiled with the system's compiler against the system's headers.</summary>
internal static class CProgram
{
    private static readonly ConcurrentDictionary<string, string> s_compiled = new();
    private static readonly string s_directory = Directory.CreateTempSubdirectory("dmabuf-tests-").FullName;

    public static CProcess Start(string name, params string[] arguments) =>
        new(s_compiled.GetOrAdd(name, Compile), arguments);

    private static string Compile(string name)
    {
        var compiler = Environment.GetEnvironmentVariable("CC") is { Length: > 0 } named ? named : "cc";
        var output = Path.Combine(s_directory, name);
        var source = Path.Combine(AppContext.BaseDirectory, "Peers", name + ".c");
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(compiler, ["-Wall", "-O1", "-o", output, source])
            {
                RedirectStandardError = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("needs a C compiler and libc6-dev");
            throw;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, errors);
        }

        return output;
    }
}
