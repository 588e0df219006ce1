using System.Management.Automation;
using System.Text.RegularExpressions;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>A script that runs on its own thread.</summary>
internal sealed class RunningScript : IDisposable
{
    private readonly PowerShell _powerShell;
    private readonly ThreadProbe _probe;
    private readonly IAsyncResult _running;
    private readonly PSDataCollection<PSObject> _output = [];

    public RunningScript(PowerShell powerShell, ThreadProbe probe)
    {
        _powerShell = powerShell;
        _probe = probe;
        _running = powerShell.BeginInvoke<PSObject, PSObject>(null, _output);
    }

    /// <summary>Whether the script could not be stopped and was left running.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>The errors that the script has written.</summary>
    public PSDataCollection<ErrorRecord> Errors => _powerShell.Streams.Error;

    /// <summary>Waits until the script sleeps in the kernel, waiting for a descriptor.</summary>
    public void AwaitPoll() => Eventually.True(() => IsRunning() && _probe.SleepsInPoll, "the script waits in poll");

    /// <summary>Waits until a command's -Verbose has shown a kernel call that the pattern matches.</summary>
    public void AwaitCall(string pattern) => Eventually.True(
        () => IsRunning() && CallsSoFar().Any(call => Regex.IsMatch(call, pattern)),
        $"the script makes the call {pattern}");

    /// <summary>Waits until the script has output this number of objects.</summary>
    public void AwaitOutput(int count) =>
        Eventually.True(() => _output.Count >= count, $"the script outputs {count} objects");

    /// <summary>Stops the script from this thread, as Ctrl+C does, and checks that it ends.</summary>
    public void Stop()
    {
        BeginStop();
        AwaitStopped();
    }

    /// <summary>Asks the script to stop. Its commands are told later, on another thread.</summary>
    public void BeginStop()
    {
        Assert.True(IsRunning());
        _powerShell.BeginStop(null, null);
    }

    /// <summary>Waits for the end of a script that was asked to stop.</summary>
    public void AwaitStopped()
    {
        Assert.True(_running.AsyncWaitHandle.WaitOne(Eventually.Limit), "The script continued after it was stopped.");
        Assert.Throws<PipelineStoppedException>(() => _powerShell.EndInvoke(_running));
        Assert.Equal(PSInvocationState.Stopped, _powerShell.InvocationStateInfo.State);
        Assert.Empty(Errors);
    }

    /// <summary>Waits for the end of a script that was not stopped, and returns its output.</summary>
    public IReadOnlyList<PSObject> Finish()
    {
        Assert.True(_running.AsyncWaitHandle.WaitOne(Eventually.Limit), "The script did not end.");
        _powerShell.EndInvoke(_running);
        return [.. _output];
    }

    /// <summary>Does the same for a script that must write no error.</summary>
    public IReadOnlyList<PSObject> FinishWithoutError()
    {
        var output = Finish();
        Assert.Empty(Errors);
        return output;
    }

    /// <summary>Does the same for a script that must write exactly one error, and returns the error.</summary>
    public ErrorRecord FinishWithError()
    {
        Finish();
        return Assert.Single(Errors);
    }

    /// <summary>
    /// Stops the script. If that fails, its test has failed as well, and the script is left running so that the other
    /// tests can continue.
    /// </summary>
    public void Dispose()
    {
        if (!_running.IsCompleted)
            _powerShell.BeginStop(null, null);
        if (_running.AsyncWaitHandle.WaitOne(Eventually.Limit))
            _powerShell.Dispose();
        else
            IsStuck = true;
    }

    private IEnumerable<string> CallsSoFar()
    {
        var calls = _powerShell.Streams.Verbose;
        // By index, because the script may add calls in the meantime.
        for (var i = 0; i < calls.Count; i++)
            yield return calls[i].Message;
    }

    private bool IsRunning()
    {
        if (_running.IsCompleted)
        {
            var reason = _powerShell.InvocationStateInfo.Reason;
            Assert.Fail($"The script ended by itself: {string.Join("; ", Errors)} {reason}");
        }

        return true;
    }
}
