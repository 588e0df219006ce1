using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Grants of a real grant device, in dom0 of the emulated Xen host.</summary>
[Trait("Needs", "Xen")]
public sealed class GrantRoundsTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// In random order, two threads export the same buffer, send its references, wait for the peer, revoke and remove.
    /// </summary>
    [Fact]
    public void Three_hundred_rounds_with_granted_buffers_never_crash_hang_or_leak()
    {
        Requires.Xen();
        const int Rounds = 75;
        using var limit = new WaitLimit(s_limit);
        ushort own, peer;
        using (var store = XenStore.Open(limit))
        {
            own = XenDomain.OwnId(store);
            peer = XenDomain.All(store).First(domain => !domain.IsOwn).Id;
        }

        // It runs this four times.
        OpenDescriptors.StayTheSame(() =>
        {
            using var table = new ShareTable();
            using var reader = new BlobReader(own, peer);
            for (var round = 0; round < Rounds; round++)
                Round(table, reader.Address, own, peer, new Random(round));
            Assert.Empty(table.Buffers);
            Assert.Empty(table.Grants);
        });
    }

    private static void Round(ShareTable table, string address, ushort own, ushort peer, Random random)
    {
        var buffer = table.Add(UdmabufAllocator.Allocate(4 * GrantRefs.GrantPageSize));
        var grants = table.Export(buffer, own, peer);
        var (one, other) = (random.Next(), random.Next());
        using var start = new Barrier(2);
        var thread = Task.Run(() => Act(new Random(other)), TestContext.Current.CancellationToken);
        Act(new Random(one));
        thread.Wait(TestContext.Current.CancellationToken);
        table.Remove(buffer);

        void Act(Random choice)
        {
            start.SignalAndWait();
            for (var i = 0; i < 2; i++)
            {
                try
                {
                    Step(choice);
                }
                catch (BufferException e) when (e.Fault is
                    BufferFault.Removed or BufferFault.LinkEnded or BufferFault.NoPeer or BufferFault.NoLease)
                {
                }
            }
        }

        void Step(Random choice)
        {
            using var limit = new WaitLimit(s_limit);
            switch (choice.Next(6))
            {
                case 0:
                    table.Remove(buffer);
                    break;
                case 1:
                    table.Revoke(grants);
                    break;
                case 2:
                    table.WaitReleased(grants, limit);
                    break;
                case 3:
                    table.Export(buffer, own, peer);
                    break;
                default:
                    using (var carrier = Carrier.Open(address))
                        table.Send(carrier, grants, wait: false, limit);
                    break;
            }
        }
    }

    /// <summary>Receives the references of every connection and then closes it.</summary>
    private sealed class BlobReader : IDisposable
    {
        private readonly StreamListener _listener;
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _thread;

        public BlobReader(ushort own, ushort peer)
        {
            var port = StreamTests.FreePort();
            Address = $"tcp:127.0.0.1:{port}";
            _listener = StreamListener.Listen(Endpoint.Parse($"tcpd:127.0.0.1:{port}"));
            _thread = new Thread(() => Run(own, peer, _stop.Token));
            _thread.Start();
        }

        public string Address { get; }

        public void Dispose()
        {
            _stop.Cancel();
            _thread.Join();
            _stop.Dispose();
            _listener.Dispose();
        }

        private void Run(ushort own, ushort peer, CancellationToken stop)
        {
            using var limit = new WaitLimit(null, stop);
            try
            {
                while (true)
                {
                    using var stream = _listener.Accept(limit);
                    try
                    {
                        GrantBlob.Receive(stream, own, peer, limit);
                    }
                    catch (PeerException)
                    {
                        // The references were revoked after their sender had connected.
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}
