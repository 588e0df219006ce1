namespace DmaBuf.Build;

/// <summary>Prints what the tasks have to tell the user.</summary>
internal static class Report
{
    private static readonly List<string> s_leftOut = [];

    /// <summary>Prints a line about progress, on standard error, to keep it out of the task's output.</summary>
    public static void Note(string line) => Console.Error.WriteLine(line);

    /// <summary>Prints a line of the task's result.</summary>
    public static void Line(string line) => Console.WriteLine(line);

    /// <summary>Records what was not done, and what was missing for it.</summary>
    public static void LeaveOut(string what)
    {
        if (!s_leftOut.Contains(what))
            s_leftOut.Add(what);
    }

    /// <summary>Prints one line that lists what was not done.</summary>
    public static void LeftOut()
    {
        if (s_leftOut.Count > 0)
            Line("Left out: " + string.Join("; ", s_leftOut) + ".");
    }
}
