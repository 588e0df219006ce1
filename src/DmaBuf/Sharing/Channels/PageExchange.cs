using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Interop;
using DmaBuf.Transport;

namespace DmaBuf.Sharing.Channels;

/// <summary>How pages cross a channel; one small class for each way.</summary>
internal abstract class PageExchange
{
    /// <summary>This side's domain, or 0x7FF0 outside Xen.</summary>
    public ushort OwnDomain { get; protected init; } = ShareId.NoDomain;

    /// <summary>What the hello says of it.</summary>
    public abstract PageKinds Kind { get; }

    /// <summary>Refuses a buffer whose pages cannot cross.</summary>
    /// <exception cref="BufferException">NotABuffer, BadSize, OtherDomain.</exception>
    public abstract void CheckCanShare(DmaBuffer buffer);

    /// <summary>Shares a buffer's pages with the peer.</summary>
    /// <exception cref="DmaBufException">They cannot be shared.</exception>
    public abstract Offer Share(DmaBuffer buffer);

    /// <summary>Makes a buffer of pages that the peer shared.</summary>
    /// <exception cref="DmaBufException">They cannot be used, or do not fit the share's size.</exception>
    public abstract DmaBuffer Import(PendingPages pages, ImportedShare share, ImportMethod method);

    /// <summary>The way that two sides have in common.</summary>
    /// <param name="stream">The stream of the channel.</param>
    /// <param name="own">This side's domain, or 0x7FF0 outside Xen.</param>
    /// <param name="options">What the user named: the peer's domain, or the guest that it is.</param>
    /// <param name="shares">Where grants and a guest's pages are kept.</param>
    /// <exception cref="ShareException">NoPages: there is none.</exception>
    public static PageExchange Of(ByteStream stream, ushort own, ChannelOptions options, ShareTable shares) =>
        (stream.Endpoint.Kind, stream.Remote.Domain ?? options.Domain) switch
        {
            _ when options.Guest is { } guest => new GuestImportExchange(guest, stream),
            (EndpointKind.Unix, _) => new DescriptorExchange(own),
            (_, { } domain) when own != ShareId.NoDomain => new GrantExchange(own, domain, shares),
            (EndpointKind.Vsock, null) when stream.Remote.Cid == SocketAddress.VMADDR_CID_HOST =>
                new GuestExportExchange(shares),
            (_, null) => throw new ShareException(ShareFault.NoPages,
                $"{stream.Peer} does not tell its domain, so no pages can be shared with it.",
                "Name the peer's Xen domain, or the KVM guest that it is; or use a unix address on one machine."),
            _ => throw new ShareException(ShareFault.NoPages,
                "This machine is not a Xen domain, so it can share pages over unix sockets only.",
                "Use a unix address: unixd:PATH on one side, unix:PATH on the other."),
        };

    /// <summary>The buffer, unless it has another size than was announced.</summary>
    /// <exception cref="PeerException">BadCount.</exception>
    private static DmaBuffer OfSize(DmaBuffer buffer, ImportedShare share)
    {
        if (buffer.Size == share.Size)
            return buffer;
        var size = buffer.Size;
        buffer.Dispose();
        throw new PeerException(PeerFault.BadCount, share.Channel.Peer,
            $"shared {size} bytes for {share}, which has {share.Size}", "Look at the exporter's side.");
    }

    /// <summary>Pages that are shared: what keeps them so, and how to tell the peer.</summary>
    internal abstract class Offer : IDisposable
    {
        /// <summary>What keeps the pages shared; null where nothing must.</summary>
        public virtual IDisposable? Kept => null;

        /// <summary>The message with the pages.</summary>
        public abstract Action<MessageWriter> Write(ExportedShare share);

        /// <summary>Ends an offer that was not sent.</summary>
        public abstract void Dispose();
    }

    private sealed class DescriptorExchange : PageExchange
    {
        public DescriptorExchange(ushort own) => OwnDomain = own;

        public override PageKinds Kind => PageKinds.Descriptor;

        public override void CheckCanShare(DmaBuffer buffer) => DescriptorHandOff.CheckBuffer(buffer);

        public override Offer Share(DmaBuffer buffer) => new Descriptor(buffer.Use(descriptor =>
            Fcntl.Duplicate(descriptor) ?? throw new KernelException("fcntl", Errno.Last, buffer.ToString())));

        public override DmaBuffer Import(PendingPages pages, ImportedShare share, ImportMethod method) =>
            OfSize(DmaBuffer.AdoptReceived(pages.TakeDescriptor()), share);

        private sealed class Descriptor(FileDescriptor descriptor) : Offer
        {
            public override Action<MessageWriter> Write(ExportedShare share) =>
                writer => writer.Pages(share.Id, share.Serial, descriptor);

            public override void Dispose() => descriptor.Dispose();
        }
    }

    private sealed class GrantExchange : PageExchange
    {
        private readonly ushort _peer;
        private readonly ShareTable _shares;

        public GrantExchange(ushort own, ushort peer, ShareTable shares)
        {
            OwnDomain = own;
            _peer = peer;
            _shares = shares;
        }

        public override PageKinds Kind => PageKinds.GrantRefs;

        public override void CheckCanShare(DmaBuffer buffer) => GrantExport.CheckCanGrant(buffer, OwnDomain, _peer);

        public override Offer Share(DmaBuffer buffer)
        {
            var grants = _shares.Export(buffer, OwnDomain, _peer);
            // Pages that were granted when they were allocated stay granted.
            var isOwn = grants.ShareId != GrantRefs.Of(buffer)?.ShareId;
            return new Grants(grants, isOwn ? new Lease(_shares, grants) : null);
        }

        public override DmaBuffer Import(PendingPages pages, ImportedShare share, ImportMethod method) =>
            GrantMapper.Import(
                new GrantRefs { Domain = _peer, PeerDomain = OwnDomain, Refs = pages.Refs! }, method);

        private sealed class Grants(GrantRefs grants, Lease? lease) : Offer
        {
            public override IDisposable? Kept => lease;

            public override Action<MessageWriter> Write(ExportedShare share) =>
                writer => writer.Pages(share.Id, share.Serial, grants.Domain, grants.Refs);

            public override void Dispose() => lease?.Dispose();
        }
    }

    /// <summary>The guest's side: it shares its pages with the host, which has none to share with it.</summary>
    private sealed class GuestExportExchange(ShareTable shares) : PageExchange
    {
        public override PageKinds Kind => PageKinds.GuestPages;

        public override void CheckCanShare(DmaBuffer buffer) => GuestPagesExport.CheckCanExport(buffer);

        public override Offer Share(DmaBuffer buffer) => new Frames(shares, shares.ExportGuestPages(buffer));

        public override DmaBuffer Import(PendingPages pages, ImportedShare share, ImportMethod method) =>
            throw new ShareException(ShareFault.NoPages, $"{share} is of the host, whose pages a guest cannot reach.",
                "Have the guest publish a buffer, which both can write into.");

        private sealed class Frames(ShareTable shares, GuestPages pages) : Offer
        {
            private readonly Lease _lease = new(shares, pages);

            public override IDisposable? Kept => _lease;

            public override Action<MessageWriter> Write(ExportedShare share) =>
                writer => writer.Pages(share.Id, share.Serial, pages);

            public override void Dispose() => _lease.Dispose();
        }
    }

    /// <summary>The host's side: it makes dma-bufs of the guest's pages.</summary>
    private sealed class GuestImportExchange(GuestMemory guest, ByteStream stream) : PageExchange
    {
        public override PageKinds Kind => PageKinds.GuestPages;

        public override void CheckCanShare(DmaBuffer buffer) => throw new ShareException(ShareFault.NoPages,
            $"{buffer} cannot be published to guest '{guest}', which cannot reach pages of the host.",
            "Have the guest publish a buffer, which both can write into.");

        public override Offer Share(DmaBuffer buffer)
        {
            CheckCanShare(buffer);
            throw new InvalidOperationException();
        }

        public override DmaBuffer Import(PendingPages pages, ImportedShare share, ImportMethod method) =>
            OfSize(guest.Import(pages.GuestPages!, stream), share);
    }

    /// <summary>Pages that stay shared until this is disposed.</summary>
    private sealed class Lease(ShareTable shares, SharedPages pages) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                shares.Revoke(pages);
            }
            catch (BufferException e) when (e.Fault == BufferFault.NoLease)
            {
                // The user has revoked them, or removed the buffer.
            }
        }
    }
}
