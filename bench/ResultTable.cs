namespace DmaBuf.Bench;

/// <summary>Prints the closing table in plain text.</summary>
internal static class ResultTable
{
    private static readonly string[] s_header =
        ["scenario", "size", "ours", "C (other)", "ratio", "difference", "target", ""];

    public static void Print(IEnumerable<Row> rows, TextWriter output)
    {
        string[][] lines = [s_header, .. rows.Select(Cells)];
        var widths = s_header.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
        {
            // Text is aligned left, numbers right.
            var cells = line.Select((cell, i) => i is 0 or > 5 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]));
            output.WriteLine(string.Join("  ", cells).TrimEnd());
        }
    }

    private static string[] Cells(Row row)
    {
        var alone = row.Other == 0;
        return
        [
            row.Scenario,
            row.Size == 0 ? "" : row.Size < 1 << 20 ? $"{row.Size >> 10} KiB" : $"{row.Size >> 20} MiB",
            Number(row.Ours, row.Unit),
            alone ? "" : Number(row.Other, row.Unit),
            alone ? "" : $"{row.Ratio:0.00}",
            alone ? "" : Number(row.Ours - row.Other, row.Unit),
            row.Target,
            row.Target.Length == 0 ? "" : row.Reached ? "ok" : "MISS",
        ];
    }

    private static string Number(double value, string unit) => Math.Abs(value) switch
    {
        < 1 => $"{value:0.0000} {unit}",
        < 100 => $"{value:0.00} {unit}",
        _ => $"{value:0} {unit}",
    };
}
