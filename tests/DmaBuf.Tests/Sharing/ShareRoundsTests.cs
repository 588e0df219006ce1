using System.Diagnostics;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Buffers that two threads use and hand over by descriptor at the same time.</summary>
public sealed class ShareRoundsTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private ulong _inUse;

    /// <summary>
    /// In random order, two threads hand the same buffer over, wait for its peers, write to it and remove it.
    /// </summary>
    [Fact]
    public void Ten_thousand_rounds_in_random_order_never_crash_hang_or_leak()
    {
        const int Count = 10_000;
        // They take four seconds, but on an emulated processor minutes: fewer do there.
        var longest = TimeSpan.FromSeconds(8);
        using var folder = new ScratchFolder();
        OpenDescriptors.StayTheSame(() =>
        {
            var clock = Stopwatch.StartNew();
            using var table = new ShareTable();
            using var peer = new AcceptingPeer($"unixd:{folder.File("s")}", UseOnce);
            for (var round = 0; round < Count && (round < 100 || clock.Elapsed < longest); round++)
                Round(table, $"unix:{folder.File("s")}", new Random(round));
            Assert.Empty(table.Buffers);
        });
    }

    private void Round(ShareTable table, string address, Random random)
    {
        var (begun, done) = (0, 0);
        var buffer = table.Add(MemFdAllocator.Allocate(4096));
        Rounds.Run(random, Step, BufferFault.Removed, BufferFault.LinkEnded, BufferFault.NoPeer);
        table.Remove(buffer);

        void Step(Random choice)
        {
            using var limit = new WaitLimit(s_limit);
            switch (choice.Next(4))
            {
                case 0:
                    table.Remove(buffer);
                    break;
                case 1:
                    // The wait does not cover a send that the other thread has not finished.
                    var before = Volatile.Read(ref done);
                    table.WaitReleased(buffer, limit);
                    var inUse = Volatile.Read(ref _inUse) == buffer.Inode;
                    Assert.True(!inUse || Volatile.Read(ref begun) != before, "a false release");
                    break;
                case 2:
                    using (var view = buffer.OpenView(BufferAccess.ReadWrite))
                        view.WritableSlice(0, 1)[0]++;
                    break;
                default:
                    Interlocked.Increment(ref begun);
                    using (var carrier = Carrier.Open(address))
                        table.Send(carrier, buffer, wait: false, limit);
                    Interlocked.Increment(ref done);
                    break;
            }
        }
    }

    /// <summary>Receives a buffer, uses it briefly and releases it.</summary>
    private void UseOnce(ByteStream stream, WaitLimit limit)
    {
        using var buffer = DescriptorHandOff.Receive(stream, limit);
        Volatile.Write(ref _inUse, buffer.Inode);
        using (var view = buffer.OpenView(BufferAccess.ReadWrite))
            view.WritableSlice(1, 1)[0]++;
        Volatile.Write(ref _inUse, 0);
    }
}
