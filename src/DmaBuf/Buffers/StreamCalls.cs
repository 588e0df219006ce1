using System.Net.Sockets;
using DmaBuf.Errors;

namespace DmaBuf.Buffers;

/// <summary>A caller's streams, with their failures reported as this library's own.</summary>
internal static class StreamCalls
{
    private const int HighestErrno = 4095;

    /// <summary>The bytes from where the stream stands to its end, or null where it cannot tell.</summary>
    /// <exception cref="StreamException">Closed, Failed.</exception>
    public static long? Remaining(Stream stream)
    {
        try
        {
            return stream.CanSeek ? Math.Max(0, stream.Length - stream.Position) : null;
        }
        catch (Exception e) when (IsTheStreams(e))
        {
            throw Failure(stream, "lseek", e);
        }
    }

    /// <summary>
    /// Reads from a stream. Cancellation ends the wait even where the stream ignores it: its Read then goes on in
    /// another thread and may still write into <paramref name="bytes"/>.
    /// </summary>
    /// <exception cref="StreamException">Closed, NotReadable, Failed.</exception>
    /// <exception cref="KernelException">read: the error number that the stream tells.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static int Read(Stream stream, Memory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            // No stream promises that ReadAsync does not block.
            var reading = Task.Run(
                async () => await stream.ReadAsync(bytes, cancellation).ConfigureAwait(false), cancellation);
            Task.WaitAny([reading], cancellation);
            return reading.GetAwaiter().GetResult();
        }
        catch (Exception e) when (IsTheStreams(e))
        {
            cancellation.ThrowIfCancellationRequested();
            throw Failure(stream, "read", e);
        }
    }

    private static bool IsTheStreams(Exception e) =>
        e is IOException or InvalidOperationException or NotSupportedException or UnauthorizedAccessException
            or OperationCanceledException;

    private static DmaBufException Failure(Stream stream, string call, Exception e)
    {
        var name = stream is FileStream file ? $"the stream of {file.Name}" : $"the {stream.GetType().Name}";
        return e switch
        {
            ObjectDisposedException => new StreamException(
                StreamFault.Closed,
                $"{name} is closed",
                "Open it again, and keep it open until the content is written.",
                e),
            NotSupportedException => new StreamException(
                StreamFault.NotReadable, $"{name} cannot be read", "Open it for reading.", e),
            _ when Errno(e) is { } errno => new KernelException(
                call, errno, name, RecommendedActions.For(call, errno, name) ?? "Look at where the stream comes from."),
            _ => new StreamException(
                StreamFault.Failed,
                $"{call} on {name} failed: {e.Message.TrimEnd('.')}",
                "Look at where the stream comes from.",
                e),
        };
    }

    /// <summary>.NET keeps a file's error number in HResult and a socket's in the inner exception.</summary>
    private static int? Errno(Exception e)
    {
        var errno = e.InnerException is SocketException socket ? socket.NativeErrorCode : e.HResult;
        return errno is > 0 and <= HighestErrno ? errno : null;
    }
}
