using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>A file or pipe that is read from its start, and again if wanted. For one thread at a time.</summary>
internal sealed class InputFile : IDisposable
{
    private readonly string _waitedFor;
    private readonly WaitLimit _limit;
    private FileDescriptor _file;

    /// <param name="path">The path.</param>
    /// <param name="stop">Ends the wait for what is written into a pipe.</param>
    /// <exception cref="KernelException">open: ENOENT, EACCES, EISDIR and others.</exception>
    public InputFile(string path, CancellationToken stop)
    {
        Path = path;
        _waitedFor = $"data in {path}";
        _limit = new WaitLimit(null, stop);
        _file = FileCalls.OpenForReading(path);
    }

    /// <summary>The path.</summary>
    public string Path { get; }

    /// <summary>Reads until the span is full, or the file ends.</summary>
    /// <returns>The number of bytes.</returns>
    /// <exception cref="KernelException">read: EIO and others of the file system.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public int Fill(Span<byte> bytes)
    {
        var done = 0;
        while (done < bytes.Length)
        {
            var read = FileCalls.Read(_file, Path, bytes[done..]);
            if (read == 0)
                break;
            if (read > 0)
                done += read;
            else
                FileCalls.Await(_file, Poll.POLLIN, _waitedFor, _limit);
        }

        return done;
    }

    /// <summary>Begins anew.</summary>
    /// <exception cref="KernelException">open: the file is gone.</exception>
    public void Rewind()
    {
        var again = FileCalls.OpenForReading(Path);
        _file.Dispose();
        _file = again;
    }

    public void Dispose()
    {
        _file.Dispose();
        _limit.Dispose();
    }
}
