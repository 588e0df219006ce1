using System.Globalization;

namespace DmaBuf.Errors;

/// <summary>A wait that reached its time limit.</summary>
public sealed class WaitTimeoutException : DmaBufException
{
    internal WaitTimeoutException(string waitedFor, TimeSpan limit)
        : base("Wait,ETIMEDOUT",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Timed out after {limit.TotalSeconds:0.###} s waiting for {waitedFor} (ETIMEDOUT)."),
            "Check that the other side is running and uses the same address, or wait longer.")
    {
    }
}
