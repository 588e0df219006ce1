namespace DmaBuf.Build;

/// <summary>Replaces files in one step, so that whoever has the old one open keeps it whole.</summary>
internal static class AtomicFile
{
    /// <summary>Replaces a file with what the action writes to the path that it is given.</summary>
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
