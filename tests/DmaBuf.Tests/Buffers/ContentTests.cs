using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using Xunit;

namespace DmaBuf.Tests;

public sealed class ContentTests
{
    [Theory]
    [InlineData(0, 4096)]
    [InlineData(1, 1)]
    [InlineData(4095, 1)]
    [InlineData(100, 3000)]
    [InlineData(4096, 0)]
    public void A_range_reads_back_as_it_was_written(int offset, int count)
    {
        using var buffer = Buffers.New(4096);
        var content = Buffers.Pattern(count);
        new ContentWriter(buffer, offset).Write(content);
        Assert.Equal(content, new ContentReader(buffer, offset, count).ToArray());
    }

    [Fact]
    public void Content_written_in_several_steps_reads_back_and_reports_progress()
    {
        using var buffer = Buffers.New(10 << 20);
        var content = Buffers.Pattern(10 << 20);
        var told = new List<(long Done, long Total)>();
        new ContentWriter(buffer, 0, (done, total) => told.Add((done, total))).Write(content);
        Assert.Equal([(4 << 20, 10 << 20), (8 << 20, 10 << 20), (10 << 20, 10 << 20)], told);
        Assert.Equal(content, new ContentReader(buffer).ToArray());
        Assert.Equal(SHA256.HashData(content), new ContentReader(buffer).Hash(HashAlgorithmName.SHA256));
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(4097, null)]
    [InlineData(0, 4097L)]
    [InlineData(4096, 1L)]
    [InlineData(1, -1L)]
    [InlineData(1, long.MaxValue)]
    [InlineData(long.MinValue, null)]
    public void A_range_outside_the_buffer_is_refused(long offset, long? count)
    {
        using var buffer = Buffers.New(4096);
        Assert.Equal(
            "Buffer,OutOfRange",
            Assert.Throws<BufferException>(() => new ContentReader(buffer, offset, count)).ErrorId);
    }

    [Fact]
    public void Content_that_does_not_fit_leaves_the_buffer_untouched()
    {
        using var buffer = Buffers.New(4096);
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder.File("long"), Buffers.Pattern(4097));
        Assert.Equal(
            "Buffer,DoesNotFit",
            Assert.Throws<BufferException>(() => new ContentWriter(buffer).Write(Buffers.Pattern(4097))).ErrorId);
        Assert.Throws<BufferException>(() => new ContentWriter(buffer, 1).Write(Buffers.Pattern(4096)));
        Assert.Throws<BufferException>(() => new ContentWriter(buffer).WriteFile(folder.File("long")));
        Assert.Throws<BufferException>(
            () => new ContentWriter(buffer).WriteStream(new MemoryStream(Buffers.Pattern(4097))));
        Assert.Throws<BufferException>(() => new ContentWriter(buffer).Fill(new byte[] { 1 }, 4097));
        Assert.All(new ContentReader(buffer).ToArray(), b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_pattern_repeats_to_the_end_and_is_cut_off_there()
    {
        using var buffer = Buffers.New(PageSizes.Base * 40);
        var pattern = "abc"u8.ToArray();
        new ContentWriter(buffer, 5).Fill(pattern);
        var bytes = new ContentReader(buffer).ToArray();
        Assert.All(bytes[..5], b => Assert.Equal(0, b));
        for (var i = 5; i < bytes.Length; i++)
            Assert.Equal(pattern[(i - 5) % 3], bytes[i]);
    }

    [Fact]
    public void A_pattern_continues_across_steps()
    {
        using var buffer = Buffers.New(9 << 20);
        var pattern = Buffers.Pattern(70001);
        new ContentWriter(buffer).Fill(pattern);
        var bytes = new ContentReader(buffer).ToArray();
        for (var at = 0; at < bytes.Length; at += pattern.Length)
        {
            var length = Math.Min(pattern.Length, bytes.Length - at);
            Assert.True(bytes.AsSpan(at, length).SequenceEqual(pattern.AsSpan(0, length)), $"at {at}");
        }
    }

    [Fact]
    public void A_fill_byte_stays_within_its_count()
    {
        using var buffer = Buffers.New(4096);
        new ContentWriter(buffer, 10).Fill(new byte[] { 0xff }, 20);
        var bytes = new ContentReader(buffer).ToArray();
        Assert.Equal(20, bytes.Count(b => b == 0xff));
        Assert.True(bytes[10] == 0xff && bytes[29] == 0xff);
    }

    [Fact]
    public void A_buffer_is_filled_from_a_file_and_written_to_one()
    {
        using var folder = new ScratchFolder();
        var content = Buffers.Pattern(5 << 20);
        File.WriteAllBytes(folder.File("in"), content);
        File.WriteAllBytes(folder.File("out"), new byte[6 << 20]);
        using var buffer = Buffers.New(6 << 20);
        Assert.Equal(5 << 20, new ContentWriter(buffer, 100).WriteFile(folder.File("in")));
        new ContentReader(buffer, 100, 5 << 20).WriteFile(folder.File("out"));
        Assert.Equal(content, File.ReadAllBytes(folder.File("out")));
    }

    [Fact]
    public void A_file_without_a_length_is_read_up_to_the_given_count()
    {
        using var buffer = Buffers.New(4096);
        Assert.Equal(1000, new ContentWriter(buffer, 8).WriteFile("/dev/zero", 1000));
        Assert.Equal(
            "Buffer,DoesNotFit",
            Assert.Throws<BufferException>(() => new ContentWriter(buffer).WriteFile("/dev/zero")).ErrorId);
    }

    [Fact]
    public void File_failures_name_the_call_and_the_errno()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(4096);
        Assert.Equal(
            "open,ENOENT",
            Assert.Throws<KernelException>(() => new ContentWriter(buffer).WriteFile(folder.File("none"))).ErrorId);
        Assert.Equal(
            "open,EISDIR",
            Assert.Throws<KernelException>(() => new ContentReader(buffer).WriteFile(folder.File("."))).ErrorId);
        Assert.Equal(
            "open,EISDIR",
            Assert.Throws<KernelException>(() => new ContentWriter(buffer).WriteFile(folder.File("."))).ErrorId);
        Assert.Equal(
            "open,ENOENT",
            Assert.Throws<KernelException>(() => new ContentReader(buffer).WriteFile(folder.File("a\0b"))).ErrorId);
        Assert.Equal(
            "read,EIO",
            Assert.Throws<KernelException>(() => new ContentWriter(buffer).WriteFile("/proc/self/mem", 1)).ErrorId);
        Assert.Equal(
            "write,ENOSPC",
            Assert.Throws<KernelException>(() => new ContentReader(buffer).WriteFile("/dev/full")).ErrorId);
    }

    [Fact]
    public void Content_goes_through_pipes_from_and_to_other_processes()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(1 << 20);
        var content = Buffers.Pattern(1 << 20);
        File.WriteAllBytes(folder.File("in"), content);
        using (var late = new CProcess("sh", ["-c", $"sleep 0.2; cat {folder.File("in")} > {folder.Pipe("from")}"]))
        {
            Assert.Equal(1 << 20, new ContentWriter(buffer).WriteFile(folder.File("from")));
            late.Finish();
        }

        using (var late = new CProcess("sh", ["-c", $"sleep 0.2; cat {folder.Pipe("to")} > {folder.File("out")}"]))
        {
            new ContentReader(buffer).WriteFile(folder.File("to"));
            late.Finish();
        }

        Assert.Equal(content, File.ReadAllBytes(folder.File("out")));
    }

    [Fact]
    public void Cancellation_ends_waits_for_a_pipe_and_leaks_no_descriptor()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(1 << 20);
        var unused = folder.Pipe("unused");
        using var idle = new FileStream(folder.Pipe("idle"), FileMode.Open, FileAccess.ReadWrite);
        var waits = new Action<CancellationToken>[]
        {
            stop => new ContentWriter(buffer, 0, null, stop).WriteFile(unused),
            stop => new ContentWriter(buffer, 0, null, stop).WriteFile(idle.Name),
            stop => new ContentReader(buffer, 0, null, null, stop).WriteFile(unused),
            stop => new ContentReader(buffer, 0, null, null, stop).WriteFile(idle.Name),
        };
        OpenDescriptors.StayTheSame(() =>
        {
            foreach (var wait in waits)
            {
                using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
                Assert.ThrowsAny<OperationCanceledException>(() => wait(cancel.Token));
            }
        });
    }

    [Fact]
    public void Waiting_for_a_pipe_holds_no_access_bracket()
    {
        Requires.Udmabuf();
        using var folder = new ScratchFolder();
        using var buffer = UdmabufAllocator.Allocate(4096);
        using var late = new CProcess("sh", ["-c", $"sleep 0.2; echo late > {folder.Pipe("pipe")}"]);
        var calls = new List<string>();
        using (KernelTrace.Listen(calls.Add))
            Assert.Equal(5, new ContentWriter(buffer).WriteFile(folder.File("pipe")));
        var open = 0;
        foreach (var call in calls)
        {
            open += BracketStep(call);
            Assert.False(call.StartsWith("poll", StringComparison.Ordinal) && open > 0, call);
        }

        Assert.Contains(calls, call => call.StartsWith("poll", StringComparison.Ordinal));
    }

    [Fact]
    public void Cancellation_abandons_a_stream_that_does_not_answer_and_the_wait_holds_no_access_bracket()
    {
        using var buffer = Buffers.New(4096);
        using var stream = new StuckStream();
        using var cancel = new CancellationTokenSource();
        var open = 0;
        var writing = Task.Run(() =>
        {
            using (KernelTrace.Listen(call => open += BracketStep(call)))
                new ContentWriter(buffer, cancellation: cancel.Token).WriteStream(stream);
        });
        Assert.True(stream.Asked.Wait(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, open);
        cancel.Cancel();
        var ended = Assert.Throws<AggregateException>(
            () => Assert.True(writing.Wait(TimeSpan.FromSeconds(20)), "The wait did not end."));
        Assert.IsAssignableFrom<OperationCanceledException>(ended.InnerException);
    }

    [Fact]
    public void A_buffer_that_cannot_be_written_reads_nothing_from_the_stream()
    {
        using var readOnly = MemFdAllocator.Allocate(
            4096, new MemFdOptions { Seals = MemFdSeals.Shrink | MemFdSeals.Write });
        using var stream = new MemoryStream([1, 2, 3]);
        Assert.Equal(
            BufferFault.ReadOnly,
            Assert.Throws<BufferException>(() => new ContentWriter(readOnly).WriteStream(stream)).Fault);
        Assert.Equal(0, stream.Position);
    }

    [Fact]
    public void A_pipe_whose_reader_ends_fails_with_EPIPE()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(1 << 20);
        using var reader = new CProcess("sh", ["-c", $"head -c 1 {folder.Pipe("pipe")}"]);
        Assert.Equal(
            "write,EPIPE",
            Assert.Throws<KernelException>(() => new ContentReader(buffer).WriteFile(folder.File("pipe"))).ErrorId);
    }

    [Fact]
    public void A_buffer_that_cannot_be_mapped_leaves_the_file_unchanged()
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder.File("precious"), "precious");
        using var unsealed = MemFdAllocator.Allocate(4096, new MemFdOptions { Seals = MemFdSeals.None });
        Assert.Throws<BufferException>(() => new ContentReader(unsealed).WriteFile(folder.File("precious")));
        Assert.Equal("precious", File.ReadAllText(folder.File("precious")));
    }

    [Fact]
    public void Stream_failures_name_the_call_the_errno_and_the_stream()
    {
        using var buffer = Buffers.New(4096);
        using var unreadable = new FileStream(
            "/proc/self/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var failure = Assert.Throws<KernelException>(() => new ContentWriter(buffer).WriteStream(unreadable, 1));
        Assert.Equal(("read,EIO", "the stream of /proc/self/mem"), (failure.ErrorId, failure.Target));
        Assert.NotNull(failure.RecommendedAction);

        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var connection = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        using (var peer = listener.AcceptSocket())
            peer.LingerState = new LingerOption(true, 0);
        Assert.Equal(
            "read,ECONNRESET",
            Assert.Throws<KernelException>(
                () => new ContentWriter(buffer).WriteStream(connection.GetStream())).ErrorId);

        using var folder = new ScratchFolder();
        using var writeOnly = File.OpenWrite(folder.File("out"));
        Assert.Equal(
            StreamFault.NotReadable,
            Assert.Throws<StreamException>(() => new ContentWriter(buffer).WriteStream(writeOnly)).Fault);
        writeOnly.Dispose();
        Assert.Equal(
            StreamFault.Closed,
            Assert.Throws<StreamException>(() => new ContentWriter(buffer).WriteStream(writeOnly)).Fault);
    }

    [Fact]
    public void Writing_a_file_makes_no_managed_copy_of_the_content()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(64 << 20);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        new ContentReader(buffer).WriteFile(folder.File("out"));
        // Other threads may allocate a little in the meantime.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 8 << 20);
        Assert.Equal(64 << 20, new FileInfo(folder.File("out")).Length);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-32")]
    public void Text_ends_at_its_first_NUL(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        using var buffer = Buffers.New(8192);
        // In UTF-16 and UTF-32, U+0100 contains a zero byte.
        new ContentWriter(buffer).Write(encoding.GetBytes("Ā première\0second"));
        Assert.Equal("Ā première", new ContentReader(buffer).ToText(encoding));
        var all = new ContentReader(buffer).ToText(encoding, keepNul: true);
        Assert.StartsWith("Ā première\0second\0", all, StringComparison.Ordinal);
        var unit = encoding.GetByteCount("\0");
        var extraUnits = (encoding.GetByteCount("Ā première") - "Ā première".Length * unit) / unit;
        Assert.Equal(8192 / unit - extraUnits, all.Length);
    }

    [Fact]
    public void Text_without_a_NUL_is_the_whole_range()
    {
        using var buffer = Buffers.New(4096);
        new ContentWriter(buffer).Fill("x"u8.ToArray());
        Assert.Equal(new string('x', 4096), new ContentReader(buffer).ToText(Encoding.UTF8));
    }

    [Fact]
    public void The_hex_view_matches_hexdump()
    {
        using var buffer = Buffers.New(4096);
        new ContentWriter(buffer, 3).Write("0123456789 abcdefghijklmnopqrstuvwxyz\x7f\xff"u8.ToArray());
        new ContentWriter(buffer, 4090).Write("end"u8.ToArray());
        string[] expected =
        [
            "00000001  00 00 30 31 32 33 34 35  36 37 38 39 20 61 62 63  |..0123456789 abc|",
            "00000011  64 65 66 67 68 69 6a 6b  6c 6d 6e 6f 70 71 72 73  |defghijklmnopqrs|",
            "00000021  74 75 76 77 78 79 7a 7f  c3 bf 00 00 00 00 00 00  |tuvwxyz.........|",
            "00000031  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
            "*",
            "00000ff1  00 00 00 00 00 00 00 00  00 65 6e 64 00 00 00     |.........end...|",
            "00001000",
        ];
        Assert.Equal(expected, new ContentReader(buffer, 1).HexLines());
    }

    [Fact]
    public void Cancellation_ends_reading_and_writing_between_steps()
    {
        using var cancel = new CancellationTokenSource();
        using var buffer = Buffers.New(12 << 20);
        Assert.Throws<OperationCanceledException>(() =>
            new ContentWriter(buffer, 0, (_, _) => cancel.Cancel(), cancel.Token).Fill(new byte[] { 7 }));
        Assert.Equal(4 << 20, new ContentReader(buffer).ToArray().Count(b => b == 7));
        Assert.Throws<OperationCanceledException>(
            () => new ContentReader(buffer, 0, null, null, cancel.Token).ToArray());
    }

    /// <summary>By how much a call changes the number of open SYNC brackets.</summary>
    private static int BracketStep(string call) =>
        call.Contains("START|", StringComparison.Ordinal) ? 1
        : call.Contains("END|", StringComparison.Ordinal) ? -1
        : 0;
}
