namespace DmaBuf.Lab;

/// <summary>Finds the system's programs, including those in the sbin folders, which a user's PATH leaves out.</summary>
public static class SystemPrograms
{
    /// <summary>Returns the program's full path, or null.</summary>
    public static string? TryFind(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':')
            .Concat(["/usr/sbin", "/sbin", "/usr/bin", "/bin"])
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>Returns the program's full path; throws when the program is not installed.</summary>
    public static string Find(string program) =>
        TryFind(program) ?? throw new LabException($"{program} is not installed.");
}
