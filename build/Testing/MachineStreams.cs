using System.Text;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Tests that a machine or a guest passes on a program's output as the program writes it.</summary>
internal static class MachineStreams
{
    private const int Lines = 200;

    /// <summary>Writes each line of output in two pieces, and each line of error between two of them.</summary>
    private static readonly string s_script =
        $"i=0; while [ $i -lt {Lines} ]; do printf 'out '; echo end; printf 'err ' >&2; echo end >&2; i=$((i+1)); done";

    /// <summary>Runs the tests by what runs a command there with two streams.</summary>
    public static async Task<List<TestOutcome>> TestAsync(Func<GuestCommand, Stream, Stream, Task<int>> run)
    {
        using var both = new MemoryStream();
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        await RunAsync(both, both);
        await RunAsync(output, error);
        return
        [
            Outcome("one stream gets output and error in the order in which they were written",
                Text(both) == Repeat("out end\nerr end\n"), Text(both)),
            Outcome("two streams get output and error apart",
                (Text(output), Text(error)) == (Repeat("out end\n"), Repeat("err end\n")),
                Text(output) + Text(error)),
        ];

        Task RunAsync(Stream first, Stream second) => run(new GuestCommand("sh", "-c", s_script), first, second);
    }

    private static TestOutcome Outcome(string name, bool passed, string text) =>
        new(name, passed ? TestStatus.Passed : TestStatus.Failed, passed ? "" : text);

    private static string Repeat(string lines) => string.Concat(Enumerable.Repeat(lines, Lines));

    private static string Text(MemoryStream stream) => Encoding.ASCII.GetString(stream.ToArray());
}
