namespace DmaBuf.Lab;

/// <summary>
/// Copies a stream up to a mark, which ends one command's output in a channel that stays open.
/// </summary>
internal static class MarkedStream
{
    /// <summary>Copies data as it arrives; returns when the mark has arrived or the source has ended.</summary>
    public static async Task CopyAsync(
        Stream source, Stream target, ReadOnlyMemory<byte> mark, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var held = 0;
        while (true)
        {
            var read = await source.ReadAsync(buffer.AsMemory(held), cancellationToken);
            var length = held + read;
            var end = buffer.AsSpan(0, length).IndexOf(mark.Span);
            // The last bytes may be the beginning of the mark; then they are held back.
            var ready = end >= 0 ? end : read == 0 ? length : length - Overlap(buffer.AsSpan(0, length), mark.Span);
            await target.WriteAsync(buffer.AsMemory(0, ready), cancellationToken);
            await target.FlushAsync(cancellationToken);
            if (end >= 0 || read == 0)
                return;
            held = length - ready;
            buffer.AsSpan(ready, held).CopyTo(buffer);
        }
    }

    private static int Overlap(ReadOnlySpan<byte> data, ReadOnlySpan<byte> mark)
    {
        var length = Math.Min(data.Length, mark.Length - 1);
        while (!data.EndsWith(mark[..length]))
            length--;
        return length;
    }
}
