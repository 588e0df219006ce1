using DmaBuf.Buffers;
using DmaBuf.Discovery;
using DmaBuf.Errors;
using DmaBuf.Sharing.Channels;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Feeds the protocol mutated messages: it may only refuse them.</summary>
public sealed class ProtocolFuzzTests
{
    private const int Seed = 20261128;

    [Fact]
    public void Mutated_messages_are_refused_and_nothing_else_happens()
    {
        // A million take half a minute, but on an emulated processor many: fewer do there.
        var rounds = Support.Check(SupportFeature.UDmaBuf).Available ? 50_000 : 1_000_000;
        var valid = ValidMessages();
        var random = new Random(Seed);
        var refused = 0;
        for (var round = 0; round < rounds; round++)
        {
            using var side = new ProtocolSide("fuzzed");
            var share = side.Publish(new ShareId(1), new AccessLock());
            side.Outbox.Clear();
            try
            {
                // Some valid ones first bring the shares into other states.
                for (var i = random.Next(4); i > 0; i--)
                    side.Receive(valid[random.Next(valid.Length)], 0);
                side.ServePages();
                if (random.Next(2) == 0 && side.Protocol.Imported.All.FirstOrDefault() is { } announced)
                    Import(side, announced);
                side.Receive(Mutate(valid[random.Next(valid.Length)], random), 0);
            }
            catch (PeerException)
            {
                refused++;
            }

            side.Protocol.Close(ChannelEndReason.Broken);
            Assert.Equal((0, 0, ShareState.Ended), (side.Leases, share.Access.Holders.Count, share.State));
        }

        Assert.InRange(refused, rounds / 10, rounds);
    }

    private static void Import(ProtocolSide side, ImportedShare share)
    {
        if (share.State == ShareState.Offered)
            side.Protocol.Imported.BeginImport(share);
    }

    private static byte[][] ValidMessages()
    {
        var picture = new PictureLayout
        {
            Width = 4, Height = 4, FourCC = new FourCC(1), Planes = [new PicturePlane(0, 16), new PicturePlane(64, 16)],
        };
        var metadata = new ShareMetadata { Name = "name", PrivateData = new byte[8], Picture = picture };
        var (theirs, ours) = (new ShareId(2), new ShareId(1));
        return
        [
            .. new Action<MessageWriter>[]
            {
                writer => writer.Publish(theirs, 4096, metadata),
                writer => writer.Publish(theirs, 4096, ShareMetadata.Empty),
                writer => writer.Update(theirs, metadata),
                writer => writer.Unpublish(theirs, 7),
                writer => writer.Short(MessageType.Unpublished, theirs),
                writer => writer.Pages(theirs, 0, 1, [8]),
                writer => writer.Pages(theirs, 1, 1, [8]),
                writer => writer.Short(MessageType.Acquired, theirs, 0),
                writer => writer.Refused(theirs, 0, RefusalReason.NoPages, "text"),
                writer => writer.Refused(ours, 0, RefusalReason.TooMany, "text"),
                writer => writer.Short(MessageType.Import, ours, 1),
                writer => writer.Short(MessageType.Imported, ours),
                writer => writer.ImportFailed(ours, "text"),
                writer => writer.Acquire(ours, 2, write: true),
                writer => writer.Short(MessageType.Release, ours),
                writer => writer.Short(MessageType.Removed, ours),
                writer => writer.Bye(),
                writer => writer.Error("text"),
                writer => writer.Hello(new Hello()),
            }.Select(RawChannelPeer.Encode),
        ];
    }

    private static byte[] Mutate(byte[] message, Random random)
    {
        var mutated = (byte[])message.Clone();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            switch (random.Next(4))
            {
                case 0:
                    mutated[random.Next(mutated.Length)] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    mutated[random.Next(mutated.Length)] = (byte)random.Next(256);
                    break;
                case 2:
                    Array.Resize(ref mutated, random.Next(1, mutated.Length + 8));
                    break;
                default:
                    // The length of the body.
                    if (mutated.Length > 5)
                        mutated[4 + random.Next(2)] = (byte)random.Next(256);
                    break;
            }
        }

        return mutated;
    }
}
