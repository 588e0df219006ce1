namespace DmaBuf.Build;

/// <summary>
/// This program's output streams. They are one object where both lead to the same terminal, pipe or file.
/// </summary>
internal static class StandardStreams
{
    public static Stream Output { get; } = Console.OpenStandardOutput();

    public static Stream Error { get; } = FileOf(1) is { } file && file == FileOf(2)
        ? Output
        : Console.OpenStandardError();

    private static string? FileOf(int descriptor) => new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;
}
