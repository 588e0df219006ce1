using System.Text;

namespace DmaBuf.Lab;

/// <summary>
/// A <see cref="Machine"/> that runs guests on this computer's own files. The host and its guests share one network,
/// know each other by name and accept each other's ssh connections.
/// </summary>
public abstract class GuestHost : IAsyncDisposable
{
    private readonly string _name;
    private readonly GuestHostOptions _options;
    private readonly Machine _machine;

    private protected GuestHost(string name, GuestHostOptions options, Machine machine)
    {
        _name = name;
        _options = options;
        _machine = machine;
    }

    /// <summary>The name of the host itself, where <see cref="RunAsync"/> takes a guest's.</summary>
    public string HostName => _name;

    /// <summary>The host in a few words.</summary>
    public abstract string Description { get; }

    /// <summary>The machine in a few words.</summary>
    private protected string MachineDescription => _machine.Description;

    /// <summary>Runs a program in the host or in a guest; see <see cref="Machine.RunAsync"/>.</summary>
    public Task<int> RunAsync(
        string domain,
        GuestCommand command,
        Stream output,
        Stream error,
        Stream? input = null,
        CancellationToken cancellationToken = default) =>
        _machine.RunAsync(In(domain, command.For(output, error)), output, error, input, cancellationToken);

    /// <summary>Runs a program in the host or in a guest, at this process's terminal.</summary>
    public Task<int> RunInTerminalAsync(
        string domain, GuestCommand command, CancellationToken cancellationToken = default) =>
        _machine.RunInTerminalAsync(In(domain, command, "-t"), cancellationToken);

    /// <summary>Ends the host and all its guests.</summary>
    public async ValueTask DisposeAsync()
    {
        await _machine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Gives the machine the files that make it a host, and runs the script among them that does so. If that fails,
    /// ends the machine.
    /// </summary>
    private protected async Task SetUpAsync(
        IReadOnlyDictionary<string, string> files, string script, string failure, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (name, content) in files)
                _machine.WriteSharedFile(name, content);
            _options.Say(await CheckedAsync(script, failure, cancellationToken));
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns the command that runs a command in a domain; guests are reached by ssh.</summary>
    private GuestCommand In(string domain, GuestCommand command, params string[] options)
    {
        var variables = new Dictionary<string, string>(command.Variables);
        foreach (var (name, value) in _options.Variables)
            variables[name] = value;
        command = command with { Variables = variables };
        return domain == _name ? command : new GuestCommand("ssh", [.. options, domain, command.ToScript()]);
    }

    /// <summary>Runs one of the host's scripts and returns its output; throws when it fails.</summary>
    private async Task<string> CheckedAsync(string script, string failure, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.StartLimit);
        int code;
        try
        {
            code = await _machine.RunAsync(
                new GuestCommand("sh", "-c", "sh /run/lab/jobs/" + script), output, error, null, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LabException(
                $"{failure} within {_options.StartLimit.TotalMinutes} minutes.\n{Text(output)}{Text(error)}");
        }

        if (code != 0)
            throw new LabException($"{failure} ({code}).\n{Text(output)}{Text(error)}");
        return Text(output).Trim();
    }

    private static string Text(MemoryStream stream) => Encoding.UTF8.GetString(stream.ToArray());
}
