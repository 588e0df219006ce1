using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DmaBuf.Lab;

/// <summary>
/// A running emulated machine. It boots a kernel of the distribution on this computer's own files, which it sees under
/// the same paths and cannot change: its changes stay in its memory.
/// </summary>
public sealed class Machine : IAsyncDisposable
{
    private const int ConsoleLinesShown = 20;
    private static readonly TimeSpan s_powerOffLimit = TimeSpan.FromSeconds(5);
    private readonly MachineOptions _options;
    private readonly MachineFolder _folder = new();
    private QemuProcess? _qemu;
    private NetworkStream? _control;
    private StreamReader? _answers;
    private NetworkStream? _output;
    private NetworkStream? _error;
    private int _lastJob;

    private Machine(MachineOptions options) => _options = options;

    /// <summary>The machine in a few words.</summary>
    public string Description { get; private set; } = string.Empty;

    /// <summary>Starts a machine and returns when it is ready for commands.</summary>
    public static async Task<Machine> StartAsync(MachineOptions options, CancellationToken cancellationToken = default)
    {
        if (options.Architecture.IsForeign && options.Layer is null)
        {
            var layer = await PackageLayer.GetBaseAsync(options.Architecture, options.Say, cancellationToken);
            options = options with { Layer = layer };
        }

        var machine = new Machine(options);
        try
        {
            await machine.BootAsync(cancellationToken);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Runs a program and returns its exit code. The streams carry its output, as it arrives, and its input. If output
    /// and error are the same stream, it gets both in the order in which the program writes them. Only one program can
    /// run at a time. After a run was cancelled, the machine takes no further commands.
    /// </summary>
    public async Task<int> RunAsync(
        GuestCommand command,
        Stream output,
        Stream error,
        Stream? input = null,
        CancellationToken cancellationToken = default)
    {
        var mark = $"~end of output {Guid.NewGuid():N}~".Replace(' ', '-');
        var job = WriteJob(command.For(output, error));
        Send($"run {job} {mark}");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var feeding = FeedAsync(input, ended.Token);
        var markBytes = Encoding.ASCII.GetBytes(mark);
        await Task.WhenAll(
            MarkedStream.CopyAsync(_output!, output, markBytes, cancellationToken),
            MarkedStream.CopyAsync(_error!, error, markBytes, cancellationToken));
        var code = await ExitCodeAsync(job, cancellationToken);
        await ended.CancelAsync();
        await feeding;
        return code;
    }

    /// <summary>Runs a program at this process's terminal (see <see cref="MachineOptions.Terminal"/>).</summary>
    public async Task<int> RunInTerminalAsync(GuestCommand command, CancellationToken cancellationToken = default)
    {
        using var terminal = new Terminal(size => Send("size " + size));
        var job = WriteJob(command);
        Send($"tty {job} {Terminal.Size()}");
        return await ExitCodeAsync(job, cancellationToken);
    }

    /// <summary>Writes an executable file that the machine finds in /run/lab/jobs.</summary>
    internal void WriteSharedFile(string name, string content)
    {
        const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        var path = Path.Combine(_folder.Jobs, name);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, Executable);
    }

    /// <summary>Ends the machine.</summary>
    public async ValueTask DisposeAsync()
    {
        _answers?.Dispose();
        _control?.Dispose();
        _output?.Dispose();
        _error?.Dispose();
        if (_qemu is not null)
        {
            // Closing the channel powers the machine off. QEMU restores the terminal only if it ends by itself.
            if (_options.Terminal)
                await Task.WhenAny(_qemu.Exited, Task.Delay(s_powerOffLimit));
            await _qemu.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task BootAsync(CancellationToken cancellationToken)
    {
        var kernel = await Kernel.GetAsync(
            _options.Architecture, _options.KernelVariant, _options.Say, cancellationToken);
        var initramfs = await Initramfs.ForMachine.GetAsync(kernel, _options.Layer, cancellationToken);
        var accelerator = await Accelerator.ChooseAsync(
            kernel, initramfs, _options.RunsGuests, cancellationToken);
        Description = $"machine: Linux {kernel.Version} on {accelerator}, {_options.MemoryMiB} MiB";
        if (_options.Xen is not null)
        {
            Description = $"Xen {_options.Xen.Packages.Version} {Description}";
            File.CreateSymbolicLink(_folder.KernelLink, await kernel.GetPayloadAsync(cancellationToken));
            File.CreateSymbolicLink(_folder.InitramfsLink, initramfs);
        }

        MachineSettings.Write(_folder, _options, kernel);
        var arguments = MachineArguments.For(_options, _folder, kernel, initramfs, accelerator);
        var program = _options.Qemu ?? QemuProcess.Program(_options.Architecture);
        _qemu = QemuProcess.Start(program, arguments, _options.Terminal);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.StartLimit);
        var ready = ConnectAsync(limit.Token);
        if (await Task.WhenAny(ready, _qemu.Exited) == _qemu.Exited)
            throw await DeathAsync("did not start");
        try
        {
            await ready;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw await DeathAsync("did not start in time");
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _control = await _folder.Control.ConnectAsync(cancellationToken);
        _output = await _folder.Output.ConnectAsync(cancellationToken);
        _error = await _folder.Error.ConnectAsync(cancellationToken);
        _answers = new StreamReader(_control, Encoding.ASCII, false, -1, leaveOpen: true);
        Send("hello");
        await AnswerAsync("ready", cancellationToken);
    }

    private string WriteJob(GuestCommand command)
    {
        var job = (++_lastJob).ToString(CultureInfo.InvariantCulture);
        File.WriteAllText(Path.Combine(_folder.Jobs, job), command.ToScript());
        return job;
    }

    private void Send(string line)
    {
        try
        {
            _control!.Write(Encoding.ASCII.GetBytes(line + "\n"));
        }
        catch (IOException)
        {
            // The machine is gone; the wait for its answer reports that.
        }
    }

    private async Task<int> ExitCodeAsync(string job, CancellationToken cancellationToken)
    {
        var words = await AnswerAsync("exit", cancellationToken);
        return words[1] == job
            ? int.Parse(words[2], CultureInfo.InvariantCulture)
            : throw new LabException($"The machine answered for command {words[1]}, not {job}.");
    }

    private async Task<string[]> AnswerAsync(string verb, CancellationToken cancellationToken)
    {
        string? line;
        try
        {
            line = await _answers!.ReadLineAsync(cancellationToken);
        }
        catch (IOException)
        {
            line = null;
        }

        var words = line?.Split(' ') ?? throw await DeathAsync("died");
        return words[0] == verb ? words : throw new LabException($"The machine said \"{line}\" instead of {verb}.");
    }

    private async Task FeedAsync(Stream? input, CancellationToken cancellationToken)
    {
        await using var port = await _folder.Input.ConnectAsync(cancellationToken);
        try
        {
            // The agent expects one line before the actual input.
            await port.WriteAsync("\n"u8.ToArray(), cancellationToken);
            if (input is not null)
                await input.CopyToAsync(port, cancellationToken);
            // Closing without a shutdown could overtake the data.
            port.Socket.Shutdown(SocketShutdown.Send);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (Exception end) when (end is OperationCanceledException or IOException)
        {
            // The program ended first or does not read its input.
        }
    }

    private async Task<LabException> DeathAsync(string what)
    {
        var ended = _qemu!.Exited.IsCompleted
            || await Task.WhenAny(_qemu.Exited, Task.Delay(TimeSpan.FromSeconds(2))) == _qemu.Exited;
        var report = new StringBuilder($"The machine {what}.");
        if (ended)
            report.Append($"\nQEMU: exit code {await _qemu.Exited}. {(await _qemu.MessagesAsync()).Trim()}");
        var console = _folder.ConsoleLines();
        // A panic prints a hundred lines of registers; the reason comes before them.
        var panic = Array.FindIndex(console, line => line.Contains("Kernel panic", StringComparison.Ordinal));
        report.Append(panic < 0 ? "\nThe end of its console:" : "\nIts kernel panicked:");
        foreach (var line in (panic < 0 ? console : console.Take(panic + 1)).TakeLast(ConsoleLinesShown))
            report.Append("\n  ").Append(line);
        report.Append($"\nThe whole console is in {_folder.KeepConsole()}.");
        return new LabException(report.ToString());
    }
}
