using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>A runspace with the module imported. The indexer sets variables that scripts can use.</summary>
internal sealed class Shell : IDisposable
{
    private readonly Runspace _runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault());
    private readonly List<RunningScript> _scripts = [];

    public Shell()
    {
        _runspace.Open();
        Run("$PSStyle.OutputRendering = 'PlainText'");
        Import();
    }

    /// <summary>Whether a script that could not be stopped keeps the runspace busy.</summary>
    public bool IsStuck => _scripts.Exists(script => script.IsStuck);

    /// <summary>Sets a variable of the runspace.</summary>
    public object? this[string variable]
    {
        set => _runspace.SessionStateProxy.SetVariable(variable, value);
    }

    public void Import()
    {
        this["manifest"] = BuiltModule.Manifest;
        Run("Import-Module $manifest -ErrorAction Stop");
    }

    /// <summary>Runs a script that must not write an error, and returns its output.</summary>
    public IReadOnlyList<PSObject> Run(string script)
    {
        using var powerShell = Create(script);
        var output = Invoke(powerShell);
        Assert.Empty(powerShell.Streams.Error);
        return output;
    }

    /// <summary>Runs a script that must write or throw exactly one error, and returns the error.</summary>
    public ErrorRecord ErrorOf(string script)
    {
        using var powerShell = Create(script);
        try
        {
            Invoke(powerShell);
        }
        catch (RuntimeException e)
        {
            return e.ErrorRecord;
        }

        return Assert.Single(powerShell.Streams.Error);
    }

    /// <summary>Runs a script and returns its output as the lines that a terminal would show.</summary>
    public string[] Print(string script)
    {
        var text = Run($"{script} | Out-String -Width 200 -Stream");
        return [.. text.Select(line => $"{line}".TrimEnd()).Where(line => line.Length > 0)];
    }

    /// <summary>Starts a script on the runspace's own thread.</summary>
    public RunningScript Start(string script)
    {
        var probe = new ThreadProbe();
        this["probe"] = probe;
        var running = new RunningScript(Create($"$probe.Enter(); {script}"), probe);
        _scripts.Add(running);
        return running;
    }

    /// <summary>Returns the completions at the end of an input line.</summary>
    public IReadOnlyList<CompletionResult> Complete(string input)
    {
        using var powerShell = Create("");
        return CommandCompletion.CompleteInput(input, input.Length, null, powerShell).CompletionMatches;
    }

    /// <summary>Closes the runspace while its script may still run.</summary>
    public void Close() => _runspace.Close();

    /// <summary>Closes the runspace, unless a script is stuck, for which closing would wait.</summary>
    public void Dispose()
    {
        if (!IsStuck)
            _runspace.Dispose();
    }

    /// <summary>Runs a command; one that waits forever fails its test and does not hold up the others.</summary>
    private static IReadOnlyList<PSObject> Invoke(PowerShell powerShell)
    {
        var running = powerShell.BeginInvoke();
        Assert.True(
            running.AsyncWaitHandle.WaitOne(Eventually.Limit),
            $"The script did not end: {powerShell.Commands.Commands[0]}");
        return [.. powerShell.EndInvoke(running)];
    }

    private PowerShell Create(string script)
    {
        var powerShell = PowerShell.Create(_runspace);
        return script.Length == 0 ? powerShell : powerShell.AddScript(script);
    }
}
