namespace DmaBuf.Build;

/// <summary>What the tasks tell the person at the screen.</summary>
internal static class Report
{
    private static readonly List<string> s_leftOut = [];

    /// <summary>A line about what is being done; on standard error, so that it mixes with nobody's output.</summary>
    public static void Note(string line) => Console.Error.WriteLine(line);

    /// <summary>A line of the task's result.</summary>
    public static void Line(string line) => Console.WriteLine(line);

    /// <summary>Remembers that something was not done, and for want of what.</summary>
    public static void LeaveOut(string what)
    {
        if (!s_leftOut.Contains(what))
            s_leftOut.Add(what);
    }

    /// <summary>Says in one line what was not done.</summary>
    public static void LeftOut()
    {
        if (s_leftOut.Count > 0)
            Line("Left out: " + string.Join("; ", s_leftOut) + ".");
    }
}
