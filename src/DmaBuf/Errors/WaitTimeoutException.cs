using System.Globalization;

namespace DmaBuf.Errors;

/// <summary>A wait that reached its time limit.</summary>
public sealed class WaitTimeoutException : DmaBufException
{
    internal WaitTimeoutException(string waitedFor, TimeSpan limit)
        : base("Wait,ETIMEDOUT",
            $"Nothing came of waiting for {waitedFor} within {limit.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s (ETIMEDOUT).",
            "See that the other side runs and uses the same address, or wait longer with -TimeoutSec.")
    {
    }
}
