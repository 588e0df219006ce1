using System.Net.Sockets;
using DmaBuf.Errors;

namespace DmaBuf.Buffers;

/// <summary>Calls on a caller's streams, whose failures become this library's own.</summary>
internal static class StreamCalls
{
    private const int HighestErrno = 4095;

    /// <summary>The bytes from the stream's position to its end, or null where that is unknown.</summary>
    /// <exception cref="StreamException">Closed, Failed.</exception>
    public static long? Remaining(Stream stream)
    {
        try
        {
            return stream.CanSeek ? Math.Max(0, stream.Length - stream.Position) : null;
        }
        catch (Exception e) when (IsStreamFailure(e))
        {
            throw Failure(stream, "lseek", e);
        }
    }

    /// <summary>
    /// Reads from a stream. Cancellation ends the wait even where the stream ignores it: its Read then goes on in
    /// another thread and may still write into <paramref name="bytes"/>.
    /// </summary>
    /// <exception cref="StreamException">Closed, NotReadable, Failed.</exception>
    /// <exception cref="KernelException">read: the error number that the stream reports.</exception>
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
        catch (Exception e) when (IsStreamFailure(e))
        {
            cancellation.ThrowIfCancellationRequested();
            throw Failure(stream, "read", e);
        }
    }

    private static bool IsStreamFailure(Exception e) =>
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
                call, errno, name, RecommendedActions.For(call, errno, name) ?? "Check the source of the stream."),
            _ => new StreamException(
                StreamFault.Failed,
                $"{call} on {name} failed: {e.Message.TrimEnd('.')}",
                "Check the source of the stream.",
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
