using System.Diagnostics;

namespace DmaBuf.Lab;

/// <summary>A running QEMU, which never outlives this process.</summary>
public sealed class QemuProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<string> _messages = Task.FromResult(string.Empty);

    private QemuProcess(string program, IEnumerable<string> arguments, bool inheritTerminal)
    {
        // The kernel kills QEMU when the thread that started it ends, no matter how this process ends.
        string[] words = ["--pdeathsig", "KILL", "--", program, .. arguments];
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(SystemPrograms.Find("setpriv"), words)
            {
                RedirectStandardInput = !inheritTerminal,
                RedirectStandardOutput = !inheritTerminal,
                RedirectStandardError = true,
            },
        };
    }

    /// <summary>Returns this computer's QEMU for an architecture.</summary>
    public static string Program(MachineArchitecture architecture) => SystemPrograms.Find(architecture.QemuProgram);

    /// <summary>Completes with QEMU's exit code when QEMU ends.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>Starts QEMU. If it inherits the terminal, its "stdio" device is this process's terminal.</summary>
    public static QemuProcess Start(string program, IEnumerable<string> arguments, bool inheritTerminal = false)
    {
        var qemu = new QemuProcess(program, arguments, inheritTerminal);
        using var started = new ManualResetEventSlim();
        new Thread(() => qemu.Run(started)) { IsBackground = true, Name = "qemu" }.Start();
        started.Wait();
        return qemu;
    }

    /// <summary>Returns QEMU's own messages once QEMU has ended.</summary>
    public Task<string> MessagesAsync() => _messages;

    /// <summary>Kills QEMU.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await Exited;
        _process.Dispose();
    }

    private void Run(ManualResetEventSlim started)
    {
        _process.Start();
        _messages = _process.StandardError.ReadToEndAsync();
        started.Set();
        _process.WaitForExit();
        _exited.SetResult(_process.ExitCode);
    }
}
