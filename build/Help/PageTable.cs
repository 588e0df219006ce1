using Markdig.Extensions.Tables;

namespace DmaBuf.Build;

/// <summary>Lays a table out in columns, as PowerShell does.</summary>
internal static class PageTable
{
    public static string Layout(Table table, Func<TableCell, string> read)
    {
        List<string[]> rows = [.. table.Cast<TableRow>().Select(row => row.Cast<TableCell>().Select(read).ToArray())];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        // The first row is the heading.
        rows.Insert(1, [.. rows[0].Select(title => new string('-', title.Length))]);
        return string.Join('\n', rows.Select(row => Join(row, widths)));
    }

    private static string Join(string[] row, int[] widths) =>
        string.Join(' ', row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd();
}
