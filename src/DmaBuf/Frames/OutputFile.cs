using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>A file or pipe that is created or emptied, and written from its start. For one thread at a time.</summary>
internal sealed class OutputFile : IDisposable
{
    private readonly string _path;
    private readonly string _waitedFor;
    private readonly WaitLimit _limit;
    private readonly FileDescriptor _file;

    /// <param name="path">The path. A pipe's reader is waited for.</param>
    /// <param name="limit">Ends that wait, and those for a pipe to be read; the caller disposes it later.</param>
    /// <exception cref="KernelException">open: ENOENT, EACCES, EISDIR and others.</exception>
    public OutputFile(string path, WaitLimit limit)
    {
        _path = path;
        _waitedFor = $"{path} to be read";
        _limit = limit;
        _file = FileCalls.OpenForWriting(path, limit);
    }

    /// <summary>Writes all of the bytes.</summary>
    /// <exception cref="KernelException">write: ENOSPC, EPIPE and others of the file system.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var written = FileCalls.Write(_file, _path, bytes);
            bytes = bytes[written..];
            if (bytes.Length > 0)
                FileCalls.Await(_file, Poll.POLLOUT, _waitedFor, _limit);
        }
    }

    /// <summary>Writes all of a range of a buffer, straight from its mapping.</summary>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    public void Write(DmaBuffer buffer, int count)
    {
        for (var done = 0; done < count;)
        {
            // A pipe's reader is waited for outside the access bracket.
            using (var view = buffer.OpenView(BufferAccess.Read))
                done += FileCalls.Write(_file, _path, view.Slice(done, count - done));
            if (done < count)
                FileCalls.Await(_file, Poll.POLLOUT, _waitedFor, _limit);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
