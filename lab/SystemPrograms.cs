namespace DmaBuf.Lab;

/// <summary>Finds programs of the system, also those in the sbin folders that a user's PATH leaves out.</summary>
public static class SystemPrograms
{
    /// <summary>The program's full path, or null.</summary>
    public static string? TryFind(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':')
            .Concat(["/usr/sbin", "/sbin", "/usr/bin", "/bin"])
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>The program's full path; throws when it is nowhere.</summary>
    public static string Find(string program) =>
        TryFind(program) ?? throw new LabException($"{program} is not installed.");
}
