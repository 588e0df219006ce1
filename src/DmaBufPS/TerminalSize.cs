using System.Management.Automation.Host;

namespace DmaBufPS;

/// <summary>The size of the terminal that pictures are shown in.</summary>
internal static class TerminalSize
{
    private const int UsualColumns = 80;
    private const int UsualLines = 24;

    /// <summary>The columns and lines of a host's terminal, without the line for the prompt.</summary>
    public static (int Columns, int Lines) Of(PSHost host)
    {
        try
        {
            var size = host.UI?.RawUI?.WindowSize;
            if (size is { Width: > 0, Height: > 1 })
                return (size.Value.Width, size.Value.Height - 1);
        }
        catch (Exception e) when (e is HostException or NotImplementedException or NotSupportedException
            or IOException or InvalidOperationException)
        {
            // A host without a terminal.
        }

        return (UsualColumns, UsualLines);
    }
}
