namespace DmaBuf.Lab;

/// <summary>The folder of one run: the sockets of its channels, its commands and its kernel's console.</summary>
internal sealed class MachineFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("dmabufps-lab-").FullName;

    /// <summary>Makes the folder.</summary>
    public MachineFolder()
    {
        Control = new GuestChannel(_path, "control");
        Input = new GuestChannel(_path, "input");
        Output = new GuestChannel(_path, "output");
        Error = new GuestChannel(_path, "error");
        Jobs = Directory.CreateDirectory(Path.Combine(_path, "jobs")).FullName;
    }

    /// <summary>Carries lines to the machine's agent, and its answers.</summary>
    public GuestChannel Control { get; }

    /// <summary>Carries a command's standard input.</summary>
    public GuestChannel Input { get; }

    /// <summary>Carries a command's standard output.</summary>
    public GuestChannel Output { get; }

    /// <summary>Carries a command's standard error.</summary>
    public GuestChannel Error { get; }

    /// <summary>The shared folder in which the machine finds its settings and commands.</summary>
    public string Jobs { get; }

    /// <summary>The file to which the kernel's console is written.</summary>
    public string Console => Path.Combine(_path, "console.log");

    /// <summary>A path to dom0's kernel without a space or comma, at which QEMU would end it.</summary>
    public string KernelLink => Path.Combine(_path, "kernel");

    /// <summary>The same for dom0's initial ramdisk.</summary>
    public string InitramfsLink => Path.Combine(_path, "initramfs");

    /// <summary>Returns the lines that the kernel has printed so far.</summary>
    public string[] ConsoleLines() =>
        File.Exists(Console)
            ? [.. File.ReadLines(Console).Select(line => line.TrimEnd()).Where(line => line.Length > 0)]
            : [];

    /// <summary>Saves the console's text next to the folder, which the run deletes; returns the path.</summary>
    public string KeepConsole()
    {
        var kept = _path + ".log";
        File.WriteAllLines(kept, ConsoleLines());
        return kept;
    }

    /// <summary>Deletes the folder.</summary>
    public void Dispose() => Directory.Delete(_path, recursive: true);
}
