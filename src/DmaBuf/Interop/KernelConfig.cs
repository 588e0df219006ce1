using System.IO.Compression;

namespace DmaBuf.Interop;

/// <summary>The running kernel's build options, from /proc/config.gz or /boot/config-RELEASE.</summary>
internal static class KernelConfig
{
    private static readonly Lazy<Dictionary<string, string>?> s_options = new(Read);

    /// <summary>
    /// The option's value, such as <c>m</c>; empty where it is not set, null where the options cannot be read.
    /// </summary>
    public static string? Value(string option) => s_options.Value?.GetValueOrDefault(option, "");

    /// <summary>
    /// <c>, CONFIG_X=m</c>, <c>, CONFIG_X is not set</c>, or nothing where the options cannot be read.
    /// </summary>
    public static string Describe(string option) => Value(option) switch
    {
        null => "",
        "" => $", {option} is not set",
        var value => $", {option}={value}",
    };

    private static Dictionary<string, string>? Read()
    {
        var release = SysFile.Read("/proc/sys/kernel/osrelease");
        return ReadFrom("/proc/config.gz", compressed: true) ?? ReadFrom($"/boot/config-{release}", compressed: false);
    }

    private static Dictionary<string, string>? ReadFrom(string path, bool compressed)
    {
        try
        {
            using var file = File.OpenRead(path);
            using var text = new StreamReader(compressed ? new GZipStream(file, CompressionMode.Decompress) : file);
            var options = new Dictionary<string, string>();
            while (text.ReadLine() is { } line)
            {
                if (line.StartsWith("CONFIG_", StringComparison.Ordinal) && line.Split('=', 2) is [var name, var value])
                    options[name] = value;
            }

            return options;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
