using System.Globalization;

namespace DmaBuf.Lab;

/// <summary>Writes the settings that a machine's first program reads, as shell variables.</summary>
internal static class MachineSettings
{
    /// <summary>The name under which QEMU offers the folder that lies over the root.</summary>
    public const string LayerTag = "layer";

    /// <summary>Writes the settings to the file where the machine looks for them.</summary>
    public static void Write(MachineFolder folder, MachineOptions options, Kernel kernel)
    {
        var shares = options.SharedFolders.Select((path, number) => $"{ShareTag(number)} {path}");
        File.WriteAllLines(Path.Combine(folder.Jobs, "settings"),
        [
            "NAME=" + GuestCommand.Quote(options.Name),
            "KERNEL=" + GuestCommand.Quote(kernel.Version),
            "MODULES=" + GuestCommand.Quote(kernel.Modules),
            "LOAD=" + GuestCommand.Quote(string.Join('\n', options.Modules)),
            "LAYER=" + (options.Layer is null ? string.Empty : LayerTag),
            // Under Xen, the first console belongs to Xen.
            "TERMINAL=" + (options.Xen is null ? "/dev/hvc0" : "/dev/hvc1"),
            "SHARES=" + GuestCommand.Quote(string.Join('\n', shares)),
        ]);
    }

    /// <summary>Returns the name under which QEMU offers the shared folder with that number.</summary>
    public static string ShareTag(int number) => "share" + number.ToString(CultureInfo.InvariantCulture);
}
