namespace DmaBuf.Errors;

/// <summary>Numbers of things in messages.</summary>
internal static class Quantity
{
    /// <summary><c>1 page</c>, <c>2 pages</c>.</summary>
    public static string Of(long count, string thing) => count == 1 ? $"1 {thing}" : $"{count} {thing}s";
}
