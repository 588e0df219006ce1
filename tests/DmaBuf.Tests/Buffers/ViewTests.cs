using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

public sealed class ViewTests
{
    [Fact]
    public void A_view_brackets_access_to_a_dma_buf_with_sync()
    {
        Requires.Udmabuf();
        using var buffer = UdmabufAllocator.Allocate(4096);
        buffer.OpenView(BufferAccess.Read).Dispose();
        var calls = new List<string>();
        using (KernelTrace.Listen(calls.Add))
        {
            using (buffer.OpenView(BufferAccess.Read))
                calls.Add("reading");
            using (buffer.OpenView(BufferAccess.ReadWrite))
                calls.Add("writing");
        }

        string[] expected =
        [
            $"ioctl({buffer.Fd}, DMA_BUF_IOCTL_SYNC, START|READ) = 0",
            "reading",
            $"ioctl({buffer.Fd}, DMA_BUF_IOCTL_SYNC, END|READ) = 0",
            $"ioctl({buffer.Fd}, DMA_BUF_IOCTL_SYNC, START|RW) = 0",
            "writing",
            $"ioctl({buffer.Fd}, DMA_BUF_IOCTL_SYNC, END|RW) = 0",
        ];
        Assert.Equal(expected, calls);
    }

    [Fact]
    public void A_buffer_is_mapped_once()
    {
        using var buffer = Buffers.New(4096);
        var calls = new List<string>();
        using (KernelTrace.Listen(calls.Add))
        {
            for (var i = 0; i < 3; i++)
                buffer.OpenView(BufferAccess.ReadWrite).Dispose();
        }

        Assert.Single(calls, call => call.StartsWith("mmap", StringComparison.Ordinal));
    }

    [Fact]
    public void A_view_stays_valid_when_the_buffer_is_removed_and_its_end_frees_everything()
    {
        OpenDescriptors.StayTheSame(() =>
        {
            var buffer = Buffers.New(4096);
            using (var view = buffer.OpenView(BufferAccess.ReadWrite))
            {
                buffer.Dispose();
                view.WritableSlice(0, 4096).Fill(9);
                Assert.Equal(9, view.Slice(4095, 1)[0]);
            }

            Assert.Equal(
                "Buffer,Removed",
                Assert.Throws<BufferException>(() => buffer.OpenView(BufferAccess.Read).Dispose()).ErrorId);
            Assert.Equal((-1, false), (buffer.Fd, buffer.IsOpen));
            buffer.Dispose();
        });
    }

    [Fact]
    public void Disposing_a_copy_of_a_view_ends_it_once()
    {
        OpenDescriptors.StayTheSame(() =>
        {
            using var buffer = Buffers.New(4096);
            var view = buffer.OpenView(BufferAccess.ReadWrite);
            var copy = view;
            using var other = buffer.OpenView(BufferAccess.ReadWrite);
            view.Dispose();
            copy.Dispose();
            other.WritableSlice(0, 1)[0] = 5;
            buffer.Dispose();
            other.WritableSlice(0, 1)[0]++;
            Assert.Equal(6, other.Slice(0, 1)[0]);
            copy.Dispose();
            Assert.Equal(6, other.Slice(0, 1)[0]);
        });
    }

    [Fact]
    public void A_view_that_has_ended_gives_no_access()
    {
        using var buffer = Buffers.New(4096);
        Assert.Throws<ObjectDisposedException>(() =>
        {
            var view = buffer.OpenView(BufferAccess.Read);
            view.Dispose();
            _ = view.Slice(0, 1);
        });
    }

    /// <summary>The peer may reuse the pages as soon as it is told, and telling it can take seconds.</summary>
    [Fact]
    public void The_peer_is_told_after_the_last_view_and_outside_the_buffers_lock()
    {
        var buffer = Buffers.New(4096);
        var peer = new Told(() =>
        {
            var other = new Thread(() => _ = buffer.IsCpuAccessible);
            other.Start();
            return other.Join(TimeSpan.FromSeconds(30));
        });
        buffer.OwnPeer(peer);
        var view = buffer.OpenView(BufferAccess.Read);
        buffer.Dispose();
        Assert.False(peer.IsTold);
        view.Dispose();
        Assert.True(peer.IsTold);
    }

    [Fact]
    public void A_view_for_reading_refuses_writes_and_ranges_outside()
    {
        using var buffer = Buffers.New(4096);
        Assert.Equal("Buffer,ReadOnly", Assert.Throws<BufferException>(() =>
        {
            using var view = buffer.OpenView(BufferAccess.Read);
            _ = view.WritableSlice(0, 1);
        }).ErrorId);
        Assert.Equal("Buffer,OutOfRange", Assert.Throws<BufferException>(() =>
        {
            using var view = buffer.OpenView(BufferAccess.Read);
            _ = view.Slice(4096, 1);
        }).ErrorId);
    }

    [Theory]
    [InlineData(-1, null, "Offset -1 is before the start of")]
    [InlineData(0, -1L, "Count -1 is negative")]
    [InlineData(4097, null, "Offset 4097 is past the end of")]
    [InlineData(1, 4096L, "4096 bytes from offset 1 reach past the end of")]
    public void A_range_outside_is_described(long offset, long? count, string problem)
    {
        using var buffer = Buffers.New(4096);
        var failure = Assert.Throws<BufferException>(() => buffer.CheckRange(offset, count));
        Assert.StartsWith(problem, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Opening_views_allocates_nothing()
    {
        using var buffer = Buffers.New(4096);
        long sum = 0;
        void Loop(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var view = buffer.OpenView(BufferAccess.ReadWrite);
                view.WritableSlice(0, 1)[0]++;
                sum += view.Slice(0, 1)[0];
            }
        }

        Loop(100);
        Assert.Equal(0, Allocations.Of(() => Loop(10000)));
    }

    [Fact]
    public void Many_threads_may_use_and_remove_one_buffer()
    {
        OpenDescriptors.StayTheSame(() =>
        {
            var buffer = Buffers.New(65536);
            Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
            {
                try
                {
                    new ContentWriter(buffer, i * 1024).Fill(new[] { (byte)i }, 1024);
                    Assert.All(new ContentReader(buffer, i * 1024, 1024).ToArray(), b => Assert.Equal(i, b));
                }
                catch (BufferException e) when (e.Fault == BufferFault.Removed)
                {
                }

                if (i == 40)
                    buffer.Dispose();
            });
            buffer.Dispose();
        });
    }

    [Fact]
    public void A_memfd_that_may_shrink_is_never_mapped()
    {
        using var buffer = MemFdAllocator.Allocate(4096, new MemFdOptions { Seals = MemFdSeals.None });
        Assert.Equal(
            "Buffer,NotSealed",
            Assert.Throws<BufferException>(() => buffer.OpenView(BufferAccess.Read).Dispose()).ErrorId);
    }

    [Fact]
    public void A_memfd_sealed_against_writing_can_be_read()
    {
        using var buffer = MemFdAllocator.Allocate(
            4096, new MemFdOptions { Seals = MemFdSeals.Shrink | MemFdSeals.Write });
        Assert.Equal(4096, new ContentReader(buffer).ToArray().Length);
        Assert.Equal(
            "Buffer,ReadOnly",
            Assert.Throws<BufferException>(() => new ContentWriter(buffer).Write(new byte[1])).ErrorId);
    }

    [Fact]
    public void A_listener_that_makes_system_calls_does_not_change_the_reported_failure()
    {
        using var folder = new ScratchFolder();
        using (KernelTrace.Listen(_ => File.Exists(folder.File("none"))))
        {
            using var limit = new WaitLimit(TimeSpan.FromSeconds(5));
            Assert.Equal(
                "connect,ENOENT",
                Assert.Throws<KernelException>(
                    () => StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("s")), limit)).ErrorId);
            Assert.Equal(
                "fcntl,EBADF",
                Assert.Throws<KernelException>(() => UdmabufAllocator.FromMemFd(999999, 0, 4096)).ErrorId);
        }

        using (KernelTrace.Listen(_ => System.Runtime.InteropServices.Marshal.SetLastPInvokeError(0)))
            Assert.Equal(
                "fcntl,EBADF",
                Assert.Throws<KernelException>(() => UdmabufAllocator.FromMemFd(999999, 0, 4096)).ErrorId);
    }

    [Fact]
    public void A_scope_without_a_listener_is_silent_and_the_outer_listener_continues()
    {
        var calls = new List<string>();
        using (KernelTrace.Listen(calls.Add))
        {
            using (KernelTrace.Listen(null))
                MemFdAllocator.Allocate(4096, new MemFdOptions { Name = "silent" }).Dispose();
            MemFdAllocator.Allocate(4096, new MemFdOptions { Name = "told" }).Dispose();
        }

        Assert.DoesNotContain(calls, call => call.Contains("silent", StringComparison.Ordinal));
        Assert.Contains(calls, call => call.Contains("told", StringComparison.Ordinal));
    }

    [Fact]
    public void A_listener_that_throws_leaks_no_descriptor()
    {
        OpenDescriptors.StayTheSame(() =>
        {
            using (KernelTrace.Listen(_ => throw new InvalidOperationException()))
                Buffers.New(4096).Dispose();
        });
    }

    private sealed class Told(Func<bool> work) : IDisposable
    {
        public bool IsTold { get; private set; }

        public void Dispose() => IsTold = work();
    }
}
