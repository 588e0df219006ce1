using System.Globalization;

namespace DmaBuf.Errors;

/// <summary>A wait that reached its time limit.</summary>
public sealed class WaitTimeoutException : DmaBufException
{
    private readonly string _waitedFor;
    private readonly TimeSpan _limit;

    internal WaitTimeoutException(string waitedFor, TimeSpan limit)
        : this(
            waitedFor, limit, "Check that the other side is running and uses the same address, or wait longer.")
    {
    }

    private WaitTimeoutException(string waitedFor, TimeSpan limit, string action)
        : base("Wait,ETIMEDOUT",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Timed out after {limit.TotalSeconds:0.###} s waiting for {waitedFor} (ETIMEDOUT)."),
            action)
    {
        _waitedFor = waitedFor;
        _limit = limit;
    }

    /// <summary>The same for a wait for a peer that is connected.</summary>
    internal WaitTimeoutException ForConnected() =>
        new(_waitedFor, _limit, "The other side is connected: look at its own messages, or wait longer.");

    /// <summary>The same for a wait for a peer, after one that reset the connection.</summary>
    internal WaitTimeoutException AfterReset() =>
        new(_waitedFor, _limit, "An earlier peer reset the connection: look at its own messages, or wait longer.");

    /// <summary>The same for a wait for the fences of a buffer.</summary>
    internal WaitTimeoutException ForFence() =>
        new(_waitedFor, _limit, "A device is not done with the buffer: look at its driver, or wait longer.");

    /// <summary>The same for a wait for the release of a buffer that the other side holds.</summary>
    internal WaitTimeoutException ForRelease() =>
        new(_waitedFor, _limit, "The other side is not done with the buffer: close the buffer there, or wait longer.");
}
