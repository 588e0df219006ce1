using Xunit;

namespace DmaBufPS.Tests;

/// <summary>An endless stream whose reads wait until the test answers them.</summary>
internal sealed class SlowStream : Stream
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _answered = new(0);
    private int _reads;

    /// <summary>The number of reads so far.</summary>
    public int Reads => _reads;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Waits for a read.</summary>
    public void AwaitRead() => Assert.True(_asked.Wait(Eventually.Limit), "Nobody read the stream.");

    /// <summary>Answers one read with a byte.</summary>
    public void Answer() => _answered.Release();

    public override int Read(byte[] buffer, int offset, int count)
    {
        Interlocked.Increment(ref _reads);
        _asked.Release();
        // Longer than the test waits for a stop.
        Assert.True(_answered.Wait(4 * Eventually.Limit), "The test did not answer.");
        buffer[offset] = (byte)'x';
        return 1;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _asked.Dispose();
            _answered.Dispose();
        }

        base.Dispose(disposing);
    }
}
