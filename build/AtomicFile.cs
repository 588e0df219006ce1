namespace DmaBuf.Build;

/// <summary>Replaces files in one step, so that a program that has the old file open keeps it intact.</summary>
internal static class AtomicFile
{
    /// <summary>Replaces a file with the one that the action writes to the path it receives.</summary>
    public static void Write(string target, Action<string> write)
    {
        var partial = target + ".new";
        write(partial);
        File.Move(partial, target, overwrite: true);
    }

    /// <summary>Replaces a file with a copy of another.</summary>
    public static void Copy(string source, string target) =>
        Write(target, partial => File.Copy(source, partial, overwrite: true));
}
