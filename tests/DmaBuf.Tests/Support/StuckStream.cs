namespace DmaBuf.Tests;

/// <summary>A stream that ignores cancellation and blocks every read until it is disposed.</summary>
internal sealed class StuckStream : Stream
{
    private readonly ManualResetEventSlim _disposed = new();

    /// <summary>Set at the first read.</summary>
    public ManualResetEventSlim Asked { get; } = new();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        Asked.Set();
        _disposed.Wait();
        return 0;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _disposed.Set();
        base.Dispose(disposing);
    }
}
