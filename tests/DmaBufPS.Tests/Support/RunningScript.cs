using System.Management.Automation;
using System.Text.RegularExpressions;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>A script that runs on a thread of its own.</summary>
internal sealed class RunningScript : IDisposable
{
    /// <summary>A wait that a stop wakes ends in milliseconds. The rest is allowance for a loaded machine.</summary>
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(5);

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

    /// <summary>Whether it was left behind running.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>The errors that the script has written.</summary>
    public PSDataCollection<ErrorRecord> Errors => _powerShell.Streams.Error;

    /// <summary>Returns once the script sleeps in the kernel until a descriptor is ready.</summary>
    public void AwaitPoll() => Eventually.True(() => IsRunning() && _probe.SleepsInPoll, "the script waits in poll");

    /// <summary>Returns once -Verbose of a command has told a kernel call that the pattern matches.</summary>
    public void AwaitCall(string pattern) => Eventually.True(
        () => IsRunning() && CallsSoFar().Any(call => Regex.IsMatch(call, pattern)),
        $"the script makes the call {pattern}");

    /// <summary>Returns once the script has put out so many objects.</summary>
    public void AwaitOutput(int count) =>
        Eventually.True(() => _output.Count >= count, $"the script puts out {count} objects");

    /// <summary>Stops the script as Ctrl+C does, from this thread, and checks that this ends it at once.</summary>
    public void Stop()
    {
        BeginStop();
        AwaitStopped();
    }

    /// <summary>Asks the script to stop, and returns once it has been told.</summary>
    public void BeginStop()
    {
        Assert.True(IsRunning());
        using var told = new ManualResetEventSlim();
        _powerShell.InvocationStateChanged += (_, change) => told.Set();
        _powerShell.BeginStop(null, null);
        Assert.True(told.Wait(Eventually.Limit), "PowerShell did not pass the stop on.");
    }

    /// <summary>Waits for the end of a script that was asked to stop.</summary>
    public void AwaitStopped()
    {
        Assert.True(_running.AsyncWaitHandle.WaitOne(s_stopLimit), "The script went on after it was stopped.");
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

    /// <summary>The same for a script that must write no error.</summary>
    public IReadOnlyList<PSObject> FinishWithoutError()
    {
        var output = Finish();
        Assert.Empty(Errors);
        return output;
    }

    /// <summary>The same for a script that must write exactly one error, which is returned.</summary>
    public ErrorRecord FinishWithError()
    {
        Finish();
        return Assert.Single(Errors);
    }

    /// <summary>A script that cannot be stopped has failed its test: it is left behind, so that the others go on.</summary>
    public void Dispose()
    {
        if (!_running.IsCompleted)
            _powerShell.BeginStop(null, null);
        if (_running.AsyncWaitHandle.WaitOne(s_stopLimit))
            _powerShell.Dispose();
        else
            IsStuck = true;
    }

    private IEnumerable<string> CallsSoFar()
    {
        var calls = _powerShell.Streams.Verbose;
        // By index, since the script adds to them meanwhile.
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
