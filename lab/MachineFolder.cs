namespace DmaBuf.Lab;

/// <summary>One run's own folder: the sockets of its channels, its commands and its kernel's console.</summary>
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

    /// <summary>Carries lines for the machine's agent and its answers.</summary>
    public GuestChannel Control { get; }

    /// <summary>Carries a command's standard input.</summary>
    public GuestChannel Input { get; }

    /// <summary>Carries a command's standard output.</summary>
    public GuestChannel Output { get; }

    /// <summary>Carries a command's standard error.</summary>
    public GuestChannel Error { get; }

    /// <summary>The shared folder in which the machine finds its settings and commands.</summary>
    public string Jobs { get; }

    /// <summary>The file that takes the kernel's console.</summary>
    public string Console => Path.Combine(_path, "console.log");

    /// <summary>A path to dom0's kernel without a space or comma, which QEMU takes for the end of it.</summary>
    public string KernelLink => Path.Combine(_path, "kernel");

    /// <summary>Such a path to dom0's initial ramdisk.</summary>
    public string InitramfsLink => Path.Combine(_path, "initramfs");

    /// <summary>What the kernel has said so far.</summary>
    public string[] ConsoleLines() =>
        File.Exists(Console)
            ? [.. File.ReadLines(Console).Select(line => line.TrimEnd()).Where(line => line.Length > 0)]
            : [];

    /// <summary>Saves the console's text beside the folder, which goes away with the run; returns its path.</summary>
    public string KeepConsole()
    {
        var kept = _path + ".log";
        File.WriteAllLines(kept, ConsoleLines());
        return kept;
    }

    /// <summary>Deletes the folder.</summary>
    public void Dispose() => Directory.Delete(_path, recursive: true);
}
