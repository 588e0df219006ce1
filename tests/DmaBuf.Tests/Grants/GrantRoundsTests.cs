using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
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
        const int Count = 75;
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
            var port = StreamTests.FreePort();
            using var table = new ShareTable();
            using var reader = new AcceptingPeer($"tcpd:127.0.0.1:{port}", (stream, reading) =>
            {
                GrantBlob.Receive(stream, own, peer, reading);
                stream.Dispose();
            });
            for (var round = 0; round < Count; round++)
                Round(table, $"tcp:127.0.0.1:{port}", own, peer, new Random(round));
            Assert.Empty(table.Buffers);
            Assert.Empty(table.Grants);
        });
    }

    private static void Round(ShareTable table, string address, ushort own, ushort peer, Random random)
    {
        var buffer = table.Add(UdmabufAllocator.Allocate(4 * GrantRefs.GrantPageSize));
        var grants = table.Export(buffer, own, peer);
        Rounds.Run(
            random, Step,
            BufferFault.Removed, BufferFault.LinkEnded, BufferFault.NoPeer, BufferFault.NoLease);
        table.Remove(buffer);

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
}
