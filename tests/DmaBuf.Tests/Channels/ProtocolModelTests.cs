using CsCheck;
using DmaBuf.Discovery;
using DmaBuf.Errors;
using DmaBuf.Sharing.Channels;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>
/// Tests the protocol with random sequences of steps on two channels that share their buffers, while messages are on
/// their way. Whenever nothing moves any more, both sides must agree.
/// </summary>
public sealed class ProtocolModelTests
{
    private const int Steps = 150;

    /// <summary>How long to go on; an hour was run once, with the environment variable of this name.</summary>
    private static int Seconds =>
        int.TryParse(Environment.GetEnvironmentVariable("DMABUFPS_MODEL_SECONDS"), out var time) ? time
        : Support.Check(SupportFeature.UDmaBuf).Available ? 15
        : 60;

    [Fact]
    public void Both_sides_agree_whenever_nothing_moves_any_more()
    {
        // What carries messages comes often, so that the sequences get far.
        var kind = Gen.Frequency((3, Gen.Enum<Step>()), (2, Gen.Const(Step.Settle)));
        var step = Gen.Select(kind, Gen.Int[0, 1], Gen.Int[0, World.Buffers - 1], Gen.Int[1, 200]);
        step.Array[30, Steps].Sample(
            steps =>
            {
                using var world = new World();
                foreach (var (what, channel, buffer, number) in steps)
                    world.Do(what, channel, buffer, number);
                world.Settle();
                world.Close();
            },
            time: Seconds,
            threads: 1);
    }

    /// <summary>What can happen.</summary>
    private enum Step
    {
        Publish,
        Unpublish,
        UnpublishLater,
        Import,
        CancelImport,
        Acquire,
        AcquireToWrite,
        CancelAcquire,
        Release,
        Remove,
        Lock,
        Unlock,
        CarryThere,
        CarryBack,
        ServePages,
        TakePages,
        Wait,
        Settle,
    }

    /// <summary>Two channels, whose exporting sides publish the same buffers.</summary>
    private sealed class World : IDisposable
    {
        public const int Buffers = 2;
        private readonly ProtocolSide[] _exporters = [new("exporter 0"), new("exporter 1")];
        private readonly ProtocolSide[] _importers = [new("importer 0"), new("importer 1")];
        private readonly ExportedShare?[,] _shares = new ExportedShare?[2, Buffers];
        private readonly AccessLock[] _access = [.. Enumerable.Range(0, Buffers).Select(_ => new AccessLock())];
        private readonly Holder?[] _locals = new Holder?[Buffers];
        private ulong _lastId;
        private long _now;

        public void Do(Step step, int channel, int buffer, int number)
        {
            var (exporter, importer) = (_exporters[channel].Protocol.Exported, _importers[channel].Protocol.Imported);
            var exported = _shares[channel, buffer] is { IsValid: true } live ? live : null;
            var imported = exported is null ? null : importer.Find(exported.Id);
            switch (step)
            {
                case Step.Publish when exported is null:
                    _shares[channel, buffer] = _exporters[channel].Publish(new ShareId(++_lastId), _access[buffer]);
                    break;
                case Step.Publish:
                    exporter.Update(exported, ShareMetadata.Empty);
                    break;
                case Step.Unpublish or Step.UnpublishLater when exported is not null:
                    exporter.Unpublish(exported, step == Step.Unpublish ? 0 : (uint)number, _now);
                    break;
                case Step.Import or Step.Acquire or Step.AcquireToWrite or Step.Release when imported is not null:
                    Ask(importer, imported, step);
                    break;
                case Step.CancelImport when imported is not null:
                    importer.CancelImport(imported);
                    break;
                case Step.CancelAcquire when imported is not null:
                    importer.CancelAcquire(imported);
                    break;
                case Step.Remove when imported is not null:
                    importer.Remove(imported);
                    break;
                case Step.Lock when _locals[buffer] is null:
                    _locals[buffer] = new Holder();
                    _access[buffer].Request(_locals[buffer]!, write: number % 2 == 0);
                    break;
                case Step.Unlock when _locals[buffer] is { } local:
                    _access[buffer].Release(local);
                    _locals[buffer] = null;
                    break;
                case Step.CarryThere:
                    _exporters[channel].CarryTo(_importers[channel], number, _now);
                    break;
                case Step.CarryBack:
                    _importers[channel].CarryTo(_exporters[channel], number, _now);
                    break;
                case Step.ServePages:
                    _exporters[channel].ServePages();
                    break;
                case Step.TakePages:
                    _importers[channel].TakePages();
                    break;
                case Step.Wait:
                    _now += number;
                    exporter.Advance(_now);
                    break;
                case Step.Settle:
                    Settle();
                    break;
            }
        }

        /// <summary>Lets everything happen that is on its way, and checks that both sides agree.</summary>
        public void Settle()
        {
            bool moved;
            do
            {
                moved = false;
                for (var channel = 0; channel < _exporters.Length; channel++)
                {
                    moved |= _exporters[channel].CarryTo(_importers[channel], int.MaxValue, _now);
                    moved |= _importers[channel].CarryTo(_exporters[channel], int.MaxValue, _now);
                    moved |= _exporters[channel].ServePages() | _importers[channel].TakePages();
                }
            }
            while (moved);
            for (var channel = 0; channel < _exporters.Length; channel++)
                Check(_exporters[channel], _importers[channel]);
        }

        /// <summary>Ends both channels: nothing may be left of them.</summary>
        public void Close()
        {
            foreach (var side in _exporters.Concat(_importers))
            {
                side.Protocol.Close(ChannelEndReason.Closed);
                Assert.Empty(side.Protocol.Exported.All);
                Assert.Empty(side.Protocol.Imported.All);
                Assert.Equal(0, side.Leases);
            }

            Assert.All(_access, access => Assert.DoesNotContain(access.Holders, holder => holder is ExportedShare));
        }

        public void Dispose()
        {
            foreach (var side in _exporters.Concat(_importers))
                side.Dispose();
        }

        private static void Ask(ImportedShares importer, ImportedShare share, Step step)
        {
            try
            {
                if (step == Step.Import)
                    importer.BeginImport(share);
                else if (step == Step.Release)
                    importer.Release(share);
                else
                    importer.BeginAcquire(share, step == Step.AcquireToWrite);
            }
            catch (ShareException e) when (e.Fault == ShareFault.BadState)
            {
                // What a user asks for at the wrong time is refused here, and never reaches the peer.
            }
        }

        private static void Check(ProtocolSide exporter, ProtocolSide importer)
        {
            Assert.Equal(
                exporter.Protocol.Exported.All.Select(share => share.Id.Value).Order(),
                importer.Protocol.Imported.All.Select(share => share.Id.Value).Order());
            foreach (var share in exporter.Protocol.Exported.All)
            {
                var other = importer.Protocol.Imported.Find(share.Id)!;
                Assert.Equal(
                    (share.State, share.IsAcquiring, share.IsUnpublished, share.TotalUsers),
                    (other.State, other.IsAcquiring, other.IsUnpublished, other.TotalUsers));
                var waits = share.State == ShareState.Importing || share.IsAcquiring;
                Assert.Equal(share.State == ShareState.InUse, share.Access.IsHeldBy(share));
                Assert.True(!waits || share.Access.Holders.Count > 0, $"{share} waits for nobody");
                var isOver = share is { IsUnpublished: true, UnpublishAt: null };
                var isIdle = share.State is ShareState.Offered or ShareState.Importing;
                Assert.False(isOver && isIdle, $"{share} should have ended");
            }

            Assert.Equal(
                exporter.Protocol.Exported.All.Count(share => share.State is ShareState.InUse or ShareState.Released),
                exporter.Leases);
        }

        private sealed class Holder : IAccessHolder
        {
            public void OnGranted()
            {
            }
        }
    }
}
