using System.Text.RegularExpressions;
using DmaBuf.Buffers;
using DmaBuf.Tracing;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>
/// The trace shows each call with all that matters about it, so that someone who brings up a driver needs no strace.
/// </summary>
public sealed class KernelTraceTests
{
    [Fact]
    public void Creating_and_mapping_a_buffer_traces_its_seals_flags_and_status() => AssertTraced(
        () =>
        {
            using var buffer = MemFdAllocator.Allocate(8192);
            buffer.OpenView(BufferAccess.Read).Dispose();
        },
        @"lseek\(\d+, 0, SEEK_SET\) = 0",
        @"statx\(\d+, """", AT_EMPTY_PATH\) = 0, mode 0100\d+, inode \d+, size 8192",
        @"fcntl\(\d+, F_GET_SEALS\) = 0x2",
        @"fcntl\(\d+, F_GETFL\) = O_RDWR(\|0x[0-9a-f]+)?");

    [Fact]
    public void Writing_and_reading_a_file_traces_its_flags_and_every_transfer()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(8192);
        AssertTraced(
            () =>
            {
                new ContentReader(buffer).WriteFile(folder.File("out"));
                new ContentWriter(buffer).WriteFile(folder.File("out"));
            },
            @"open\("".*/out"", O_WRONLY\|O_CREAT\|O_TRUNC\|O_NONBLOCK\|O_CLOEXEC, 0666\) = \d+",
            @"write\(\d+, 8192\) = 8192",
            @"open\("".*/out"", O_RDONLY\|O_NONBLOCK\|O_CLOEXEC\) = \d+",
            @"read\(\d+, 8192\) = 8192");
    }

    [Fact]
    public void A_failure_is_traced_with_its_errno()
    {
        using var buffer = Buffers.New(4096);
        AssertTraced(
            () => Assert.ThrowsAny<Exception>(() => new ContentWriter(buffer).WriteFile("/nonesuch")),
            @"open\(""/nonesuch"", O_RDONLY\|O_NONBLOCK\|O_CLOEXEC\) = -1 ENOENT");
    }

    [Fact]
    public void Socket_options_are_traced()
    {
        using var socket = Interop.Socket.Create(Interop.Socket.AF_INET, Interop.Socket.SOCK_STREAM)!;
        AssertTraced(
            () =>
            {
                Interop.Socket.AllowReuse(socket);
                Interop.Socket.KeepAlive(socket);
                Interop.Socket.TakeError(socket);
            },
            @"setsockopt\(\d+, SOL_SOCKET, SO_REUSEADDR, 1\) = 0",
            @"getsockopt\(\d+, SOL_SOCKET, SO_ERROR\) = 0, 0",
            @"setsockopt\(\d+, SOL_SOCKET, SO_KEEPALIVE, 1\) = 0",
            @"setsockopt\(\d+, IPPROTO_TCP, TCP_KEEPIDLE, 15\) = 0");
    }

    private static void AssertTraced(Action action, params string[] patterns)
    {
        var calls = new List<string>();
        using (KernelTrace.Listen(calls.Add))
            action();
        Assert.All(patterns, pattern => Assert.Contains(calls, call => Regex.IsMatch(call, $"^{pattern}$")));
    }
}
