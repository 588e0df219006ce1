using System.Net.Sockets;
using DmaBuf.Errors;
using DmaBuf.Waits;
using DmaBuf.Xen;
using Xunit;
using Socket = System.Net.Sockets.Socket;

namespace DmaBuf.Tests;

/// <summary>
/// Tests with a broken daemon: a socket that sends a given answer. The tests in tests/Lab cover the protocol itself,
/// with Xen's own daemon.
/// </summary>
public sealed class XenStoreTests
{
    private const string Gone = "xenstore is gone: check that xenstored is running.";

    [Fact]
    public void A_daemon_that_hangs_up_is_gone()
    {
        using var daemon = new BrokenDaemon([]);
        var failure = Assert.Throws<KernelException>(daemon.Ask);
        Assert.Contains(failure.ErrnoName, new[] { "EPIPE", "ECONNRESET" });
        Assert.Equal(Gone, failure.RecommendedAction);
    }

    [Fact]
    public void A_daemon_that_hangs_up_in_the_middle_of_an_answer_is_gone()
    {
        using var daemon = new BrokenDaemon(Head(2, 1, 100));
        Assert.Equal(Gone, Assert.Throws<KernelException>(daemon.Ask).RecommendedAction);
    }

    [Fact]
    public void An_answer_longer_than_the_protocol_allows_is_not_read()
    {
        using var daemon = new BrokenDaemon(Head(2, 1, uint.MaxValue));
        var failure = Assert.Throws<KernelException>(daemon.Ask);
        Assert.Equal("read,EPROTO", failure.ErrorId);
        Assert.StartsWith("Not a xenstore daemon", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_daemon_that_does_not_answer_times_out()
    {
        using var daemon = new BrokenDaemon(null);
        Assert.Throws<WaitTimeoutException>(daemon.Ask);
    }

    private static byte[] Head(uint type, uint request, uint length) =>
        [.. new[] { type, request, 0u, length }.SelectMany(BitConverter.GetBytes)];

    /// <summary>Sends an answer to its first client and hangs up; without an answer, it stays silent.</summary>
    private sealed class BrokenDaemon : IDisposable
    {
        private readonly ScratchFolder _folder = new();
        private readonly TimeSpan _time;
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

        public BrokenDaemon(byte[]? answer)
        {
            _time = TimeSpan.FromSeconds(answer is null ? 1 : 60);
            _listener.Bind(new UnixDomainSocketEndPoint(_folder.File("xenstored")));
            _listener.Listen(1);
            _ = Task.Run(async () =>
            {
                using var peer = await _listener.AcceptAsync();
                await peer.ReceiveAsync(new byte[100]);
                await (answer is null ? Task.Delay(TimeSpan.FromSeconds(20)) : peer.SendAsync(answer));
            });
        }

        public void Ask()
        {
            using var limit = new WaitLimit(_time);
            using var store = XenStore.Connect(_folder.File("xenstored"), limit);
            store.Read("domid");
        }

        public void Dispose()
        {
            _listener.Dispose();
            _folder.Dispose();
        }
    }
}
