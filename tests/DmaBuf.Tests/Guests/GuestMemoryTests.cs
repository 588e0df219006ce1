using System.Runtime.InteropServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>The host's side: a vhost-user back end, and dma-bufs of the memory that it is shown.</summary>
public sealed partial class GuestMemoryTests : IDisposable
{
    private const ulong Pages = 64;
    private readonly ScratchFolder _folder = new();
    private readonly WaitLimit _limit = new(TimeSpan.FromSeconds(120));
    private readonly DmaBuffer _memory = MemFdAllocator.Allocate((long)Pages * 4096);

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void The_state_follows_QEMU_and_the_guest()
    {
        using var guest = Listen();
        Assert.Equal(GuestState.Waiting, guest.State);
        using (var front = new TestFrontEnd(guest.SocketPath))
        {
            front.Negotiate();
            Assert.Equal(GuestState.Connected, guest.State);
            SetTable(front);
            Assert.Equal(GuestState.Connected, guest.State);
            front.Start();
            guest.WaitReady(_limit);
            Assert.Equal((GuestState.Ready, (long)Pages * 4096), (guest.State, guest.Size));
            front.Stop();
            Assert.Equal(GuestState.Connected, guest.State);
            // QEMU tells the table again only if it has changed.
            front.Start();
            guest.WaitReady(_limit);
        }

        Await(() => guest.State == GuestState.Waiting);
        Assert.Empty(guest.Regions);
        // The guest is started again, by another QEMU.
        using var next = Ready(guest);
        Assert.Equal(GuestState.Ready, guest.State);
        guest.Dispose();
        Assert.Equal(GuestState.Ended, guest.State);
        Assert.True(next.IsClosed);
    }

    [Fact]
    public void A_guests_pages_are_a_dma_buf_of_the_host()
    {
        Requires.Udmabuf();
        OpenDescriptors.StayTheSame(() =>
        {
            using var guest = Listen();
            using var front = Ready(guest);
            using var buffer = guest.Import(new GuestPages
            {
                FrameSize = 4096, Ranges = [new(0x100008, 2), new(0x100004, 1)],
            });
            // The kernel clears pages that fallocate(2) made when they are first used, as a guest's are by then.
            using (var view = _memory.OpenView(BufferAccess.ReadWrite))
                view.WritableSlice(9 * 4096, 1)[0] = 1;
            Assert.Equal(
                (BufferOrigin.GuestImport, 3 * 4096L, "udmabuf", true),
                (buffer.Origin, buffer.Size, buffer.Exporter, buffer.IsDmaBuf));
            using (var view = _memory.OpenView(BufferAccess.ReadWrite))
                (view.WritableSlice(8 * 4096, 1)[0], view.WritableSlice(4 * 4096, 1)[0]) = (8, 4);
            using (var view = buffer.OpenView(BufferAccess.ReadWrite))
            {
                Assert.Equal((8, 4), (view.Slice(0, 1)[0], view.Slice(2 * 4096, 1)[0]));
                view.WritableSlice(4096, 1)[0] = 9;
            }

            using (var view = _memory.OpenView(BufferAccess.Read))
                Assert.Equal(9, view.Slice(9 * 4096, 1)[0]);
        });
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("reset")]
    [InlineData("end of QEMU")]
    [InlineData("unplugged memory")]
    [InlineData("disconnect")]
    public void What_ends_the_guest_ends_its_buffers(string how)
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = Ready(guest);
        var pages = new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] };
        using var buffer = guest.Import(pages);
        Assert.Equal(1, guest.BufferCount);
        switch (how)
        {
            case "stop":
                front.Stop();
                break;
            case "reset":
                front.Send(VhostUser.Request.RESET_DEVICE, [], needReply: true);
                front.ReadReply(VhostUser.Request.RESET_DEVICE);
                break;
            case "end of QEMU":
                front.Dispose();
                break;
            case "unplugged memory":
                front.Send(VhostUser.Request.REM_MEM_REG, Region(), needReply: true);
                front.ReadReply(VhostUser.Request.REM_MEM_REG);
                break;
            default:
                guest.Dispose();
                break;
        }

        if (how == "end of QEMU")
            Await(() => !buffer.IsOpen);
        Assert.False(buffer.IsOpen, "QEMU gets its answer when the buffers have ended, and not before");
        var failure = Assert.Throws<BufferException>(() => buffer.OpenView(BufferAccess.Read));
        Assert.Equal("Buffer,Removed", failure.ErrorId);
        Assert.Contains("guest 'vm1'", failure.Message, StringComparison.Ordinal);
        Assert.Equal("Guest,NotReady", Assert.Throws<GuestException>(() => guest.Import(pages)).ErrorId);
        Assert.Equal(0, guest.BufferCount);
    }

    [Fact]
    public async Task No_import_outlives_a_stop_of_the_guest_that_it_races()
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = Ready(guest);
        for (var round = 0; round < 30; round++)
        {
            var importing = Task.Run(ImportUntilRefused, TestContext.Current.CancellationToken);
            Await(() => guest.BufferCount > round % 4);
            front.Stop();
            var buffers = await importing;
            Assert.All(buffers, buffer => Assert.False(buffer.IsOpen));
            Assert.Equal(0, guest.BufferCount);
            front.Start();
            guest.WaitReady(_limit);
        }

        List<DmaBuffer> ImportUntilRefused()
        {
            const int Most = 200;
            var buffers = new List<DmaBuffer>();
            while (true)
            {
                try
                {
                    buffers.Add(guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] }));
                    // A stop may come so late that they would be more than a process can have open.
                    if (buffers.Count > Most)
                    {
                        buffers[0].Dispose();
                        buffers.RemoveAt(0);
                    }
                }
                catch (GuestException e) when (e.ErrorId == "Guest,NotReady")
                {
                    return buffers;
                }
            }
        }
    }

    [Fact]
    public void A_view_that_is_open_when_the_guest_stops_refuses_from_then_on()
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = Ready(guest);
        using var buffer = guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] });
        using var view = buffer.OpenView(BufferAccess.Read);
        Assert.Equal(1, view.Slice(0, 1).Length);
        front.Stop();
        BufferException? refusal = null;
        try
        {
            view.Slice(0, 1);
        }
        catch (BufferException e)
        {
            refusal = e;
        }

        Assert.Equal("Buffer,Removed", refusal?.ErrorId);
        Assert.Contains("stopped", refusal!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_given_to_a_buffer_that_has_ended_is_closed()
    {
        var buffer = MemFdAllocator.Allocate(4096);
        buffer.End("the guest ended");
        var limit = new WaitLimit(TimeSpan.FromSeconds(1));
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{_folder.File("s")}"), limit);
        using var other = StreamConnector.Connect(Endpoint.Parse($"unix:{_folder.File("s")}"), limit);
        buffer.OwnPeer(listener.Accept(limit));
        Assert.True(other.HasEnded);
        limit.Dispose();
    }

    [Fact]
    public void QEMU_removes_memory_without_telling_its_offset()
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = new TestFrontEnd(guest.SocketPath);
        front.Negotiate();
        front.SetTable((0x100000000, 16 * 4096, 32 * 4096, File(_memory)));
        front.Start();
        guest.WaitReady(_limit);
        using var buffer = guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] });
        front.Send(VhostUser.Request.REM_MEM_REG, Region(16), needReply: true);
        front.ReadReply(VhostUser.Request.REM_MEM_REG);
        Assert.Empty(guest.Regions);
        Assert.False(buffer.IsOpen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_buffer_ends_with_the_connection_to_the_process_that_shared_it(bool byPeer)
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = Ready(guest);
        var (sharing, link) = Connect();
        using var buffer = guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] }, link);
        using var other = guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x100001, 1)] });
        (byPeer ? sharing : link).Dispose();
        Await(() => !buffer.IsOpen);
        Assert.True(other.IsOpen);
        Assert.Contains("the process of guest 'vm1' that shared the buffer", Assert.Throws<BufferException>(
            () => buffer.OpenView(BufferAccess.Read)).Message, StringComparison.Ordinal);
        (byPeer ? link : sharing).Dispose();
    }

    [Fact]
    public void All_buffers_of_one_connection_end_with_it_and_so_do_open_views_and_later_imports()
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = Ready(guest);
        var (sharing, link) = Connect();
        using var sharingEnd = sharing;
        var buffers = Enumerable.Range(0, 20).Select(Import).ToList();
        using var view = buffers[0].OpenView(BufferAccess.Read);
        // Its view keeps the pages of a removed buffer in use.
        buffers[0].Dispose();
        link.Dispose();
        Assert.All(buffers, buffer => Assert.False(buffer.IsOpen));
        Assert.True(Refuses(view));
        using var late = Import(20);
        Assert.False(late.IsOpen);
        Assert.Equal(0, guest.BufferCount);

        DmaBuffer Import(int frame) => guest.Import(
            new GuestPages { FrameSize = 4096, Ranges = [new(0x100000 + ((ulong)frame % Pages), 1)] }, link);

        static bool Refuses(BufferView view)
        {
            try
            {
                return view.Slice(0, 1).IsEmpty;
            }
            catch (BufferException)
            {
                return true;
            }
        }
    }

    [Fact]
    public void Buffers_that_end_during_an_import_do_not_stop_other_threads()
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = Ready(guest);
        var (sharing, link) = Connect();
        using var sharingEnd = sharing;
        using var linkEnd = link;
        var pages = new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] };
        using var buffer = guest.Import(pages, link);
        var other = new StateReader(guest);
        buffer.OwnPeer(other);
        // A connection that is closed, without the event that ends its buffers: the next import ends them.
        link.Descriptor.Dispose();
        Assert.True(buffer.IsOpen);
        using var late = guest.Import(pages, link);
        Assert.False(buffer.IsOpen);
        Assert.False(late.IsOpen);
        Assert.True(other.HasRead);
    }

    [Fact]
    public void More_ranges_than_the_driver_takes_are_refused_with_a_cure()
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var memory = MemFdAllocator.Allocate(4096L * 4096);
        using var front = new TestFrontEnd(guest.SocketPath);
        front.Negotiate();
        front.SetTable((0x100000000, 4096UL * 4096, 0, File(memory)));
        front.Start();
        guest.WaitReady(_limit);
        var count = (int)UdmabufAllocator.ListLimit! + 1;
        Assert.SkipWhen(count > 2048, "needs a list_limit of udmabuf below 2048");
        var every = Enumerable.Range(0, count).Select(i => new FrameRange(0x100000 + 2 * (ulong)i, 1));
        var failure = Assert.Throws<GuestException>(
            () => guest.Import(new GuestPages { FrameSize = 4096, Ranges = [.. every] }));
        Assert.Equal("Guest,TooManyRanges", failure.ErrorId);
        Assert.Contains(
            $"lie in {count} ranges, and this host's udmabuf driver takes at most {count - 1} (list_limit)",
            failure.Message,
            StringComparison.Ordinal);
        Assert.Contains("huge pages", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_table_leaves_buffers_whose_memory_is_still_there()
    {
        Requires.Udmabuf();
        using var guest = Listen();
        using var front = Ready(guest);
        using var buffer = guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] });
        using var more = MemFdAllocator.Allocate(4 * 4096);
        front.SetTable(
            (0x100000000, Pages * 4096, 0, File(_memory)), (0x200000000, 4 * 4096, 0, File(more)));
        Assert.True(buffer.IsOpen);
        Assert.Equal(2, guest.Regions.Count);
        using var other = guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x200003, 1)] });
        Assert.Equal(4096, other.Size);
    }

    [Fact]
    public void Another_process_is_shown_what_QEMU_shows_this_one()
    {
        using var guest = Listen();
        using var session = GuestMemory.Listen("session", _folder.File("session.sock"));
        var stream = StreamConnector.Connect(Endpoint.Parse($"unix:{session.SocketPath}"), _limit);
        var showing = Task.Run(() =>
        {
            using var own = new WaitLimit(TimeSpan.FromSeconds(120));
            guest.ShowTo(stream, own);
        }, TestContext.Current.CancellationToken);
        using var front = Ready(guest);
        session.WaitReady(_limit);
        Assert.Equal(guest.Regions.Select(region => $"{region}"), session.Regions.Select(region => $"{region}"));
        front.Stop();
        Await(() => session.State == GuestState.Connected);
        front.Start();
        session.WaitReady(_limit);
        session.Dispose();
        showing.Wait(TestContext.Current.CancellationToken);
        stream.Dispose();
        Assert.Equal(GuestState.Ready, guest.State);
    }

    [Fact]
    public void A_second_QEMU_on_the_socket_is_closed_and_the_first_stays()
    {
        using var guest = Listen();
        using var front = Ready(guest);
        using (var second = new TestFrontEnd(guest.SocketPath))
            Assert.True(second.IsClosed);
        Assert.Equal(GuestState.Ready, guest.State);
        front.Negotiate();
    }

    [Fact]
    public void Memory_that_QEMU_maps_privately_is_a_hazard_and_is_refused()
    {
        Requires.Udmabuf();
        // This process is the front end here, so that its own mappings count.
        using var mapping = new PrivateMapping(_memory);
        using var guest = Listen();
        using var front = Ready(guest);
        Assert.Contains(GuestHazard.NotShared, guest.Hazards);
        var failure = Assert.Throws<GuestException>(
            () => guest.Import(new GuestPages { FrameSize = 4096, Ranges = [new(0x100000, 1)] }));
        Assert.Equal("Guest,BadMemory", failure.ErrorId);
        Assert.Contains("share=on", failure.RecommendedAction, StringComparison.Ordinal);
        using var session = GuestMemory.Listen("session", _folder.File("session.sock"));
        using var stream = StreamConnector.Connect(Endpoint.Parse($"unix:{session.SocketPath}"), _limit);
        failure = Assert.Throws<GuestException>(() => guest.ShowTo(stream, _limit));
        Assert.Equal("Guest,BadMemory", failure.ErrorId);
    }

    [Fact]
    public void Where_nobody_can_look_at_the_mappings_a_hazard_says_so()
    {
        // This process is the front end, and maps nothing of the memory.
        using var memory = MemFdAllocator.Allocate(4096);
        using var guest = Listen();
        using var front = new TestFrontEnd(guest.SocketPath);
        front.Negotiate();
        front.SetTable((0x100000000, 4096, 0, File(memory)));
        front.Start();
        guest.WaitReady(_limit);
        Assert.Contains(GuestHazard.SharingUnknown, guest.Hazards);
        using (memory.OpenView(BufferAccess.Read))
        {
            // The mappings are looked at when the regions change.
            using var more = MemFdAllocator.Allocate(4096);
            front.SetTable((0x100000000, 4096, 0, File(memory)), (0x200000000, 4096, 0, File(more)));
            front.Start();
            Await(() => !guest.Hazards.Contains(GuestHazard.SharingUnknown));
        }
    }

    [Theory]
    [InlineData("too many regions")]
    [InlineData("too few descriptors")]
    [InlineData("overlap")]
    [InlineData("a payload that is too long")]
    [InlineData("an unknown request")]
    [InlineData("another version")]
    [InlineData("not vhost-user")]
    public void A_front_end_that_breaks_the_protocol_is_closed_and_the_next_is_served(string how)
    {
        OpenDescriptors.StayTheSame(() =>
        {
            using var guest = Listen();
            using (var front = new TestFrontEnd(guest.SocketPath))
            {
                front.Negotiate();
                switch (how)
                {
                    case "too many regions":
                        SendUntilClosed(front, [.. Enumerable.Range(0, 9).Select(
                            i => ((ulong)i << 20, 4096UL, 0UL, File(_memory)))]);
                        break;
                    case "too few descriptors":
                        front.Send(VhostUser.Request.ADD_MEM_REG, Region(), needReply: true);
                        break;
                    case "overlap":
                        front.SendTable((0, 8192, 0, File(_memory)), (4096, 8192, 0, File(_memory)));
                        break;
                    case "a payload that is too long":
                        front.SendRaw([5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x7f]);
                        break;
                    case "an unknown request":
                        front.Send((VhostUser.Request)99, 0);
                        break;
                    case "another version":
                        front.SendRaw([1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
                        break;
                    default:
                        front.SendRaw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
                        break;
                }

                Assert.True(front.IsClosed);
            }

            Await(() => guest.State == GuestState.Waiting);
            Assert.NotNull(guest.LastError);
            using var next = Ready(guest);
            Assert.Null(guest.LastError);
        });
    }

    [Fact]
    public void A_million_messages_with_wrong_bits_are_answered_or_refused()
    {
        // Where there are devices, the kernel does the work as well, and a part of the messages is enough.
        var rounds = Discovery.Support.Check(Discovery.SupportFeature.UDmaBuf).Available ? 50_000 : 1_000_000;
        var random = new Random(20261128);
        var (refused, answered, found) = (0, 0, 0);
        Span<byte> reply = stackalloc byte[VhostUser.MostPayload];
        var backEnd = new VhostUserBackEnd();
        for (var round = 0; round < rounds; round++)
        {
            if (round % 256 == 0)
            {
                backEnd.Dispose();
                backEnd = new VhostUserBackEnd();
            }

            var request = s_requests[random.Next(s_requests.Length)];
            var payload = PayloadOf(request, random);
            List<FileDescriptor> descriptors = IsOfMemory(request) && random.Next(8) > 0 ? [File(_memory)] : [];
            var header = new VhostUser.Header
            {
                request = request,
                flags = random.Next(32) == 0 ? (uint)random.Next() : random.Next(2) == 0 ? 1u : 9u,
                size = (uint)payload.Length,
            };
            var problem = backEnd.Handle(header, payload, descriptors, reply, out var length);
            Assert.InRange(length, -1, VhostUser.MostPayload);
            refused += problem is null ? 0 : 1;
            answered += length < 0 ? 0 : 1;
            descriptors.ForEach(descriptor => descriptor.Dispose());
            if (round % 16 == 0 && CanFind(backEnd.Table, random))
                found++;
        }

        backEnd.Dispose();
        Assert.InRange(refused, rounds / 20, rounds);
        Assert.InRange(answered, rounds / 20, rounds);
        Assert.InRange(found, rounds / 200, rounds);
    }

    private static readonly VhostUser.Request[] s_requests =
        [.. Enum.GetValues<VhostUser.Request>(), VhostUser.Request.ADD_MEM_REG, VhostUser.Request.ADD_MEM_REG];

    private static bool IsOfMemory(VhostUser.Request request) =>
        request is VhostUser.Request.SET_MEM_TABLE or VhostUser.Request.ADD_MEM_REG;

    /// <summary>Whether frames in or next to a region of the table are found.</summary>
    private static bool CanFind(GuestMemoryTable table, Random random)
    {
        var first = table.Regions.Count == 0 ? 0 : table.Regions[random.Next(table.Regions.Count)].Address / 4096;
        try
        {
            table.Find(
                new GuestPages
                {
                    FrameSize = random.Next(8) == 0 ? 1 << random.Next(11, 18) : 4096,
                    Ranges = [new(first + (ulong)random.Next(3), (ulong)random.Next(1, 4))],
                }).Dispose();
            return true;
        }
        catch (GuestException)
        {
            return false;
        }
    }

    /// <summary>A payload that the request has, in which some bits may be wrong, and which may be too short.</summary>
    private static byte[] PayloadOf(VhostUser.Request request, Random random)
    {
        var address = (ulong)random.Next(256) * 4096;
        ulong[] region =
        [
            address, (ulong)random.Next(1, 17) * 4096, 0x7f0000000000 + address, (ulong)random.Next(4) * 4096,
        ];
        ulong[] words = request switch
        {
            VhostUser.Request.SET_MEM_TABLE => [1, .. region],
            VhostUser.Request.ADD_MEM_REG or VhostUser.Request.REM_MEM_REG => [0, .. region],
            VhostUser.Request.GET_CONFIG or VhostUser.Request.SET_CONFIG => [(ulong)random.Next(64) << 32, 0],
            _ => [(ulong)random.Next(4)],
        };
        var bytes = MemoryMarshal.AsBytes(words.AsSpan()).ToArray();
        for (var left = random.Next(4) == 0 ? random.Next(1, 4) : 0; left > 0; left--)
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return random.Next(8) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }

    /// <summary>The back end may close the connection before all is sent.</summary>
    private static void SendUntilClosed(
        TestFrontEnd front, (ulong Address, ulong Size, ulong Offset, FileDescriptor File)[] regions)
    {
        try
        {
            front.SendTable(regions);
        }
        catch (KernelException e) when (e.ErrnoName is "EPIPE" or "ECONNRESET")
        {
        }
    }

    private static void Await(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)));

    private static FileDescriptor File(DmaBuffer memory) => memory.Use(Fcntl.Duplicate)!;

    private static byte[] Region(ulong pages = Pages) => MemoryMarshal.AsBytes(
        new ulong[] { 0, 0x100000000, pages * 4096, 0x7f0100000000, 0 }.AsSpan()).ToArray();

    /// <summary>Connects the process that shares a buffer, and the link to it on the host.</summary>
    private (ByteStream Sharing, ByteStream Link) Connect()
    {
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{_folder.File("s")}"));
        var sharing = StreamConnector.Connect(Endpoint.Parse($"unix:{_folder.File("s")}"), _limit);
        return (sharing, listener.Accept(_limit));
    }

    private GuestMemory Listen() => GuestMemory.Listen("vm1", _folder.File("vm1.sock"));

    private TestFrontEnd Ready(GuestMemory guest)
    {
        var front = new TestFrontEnd(guest.SocketPath);
        front.Negotiate();
        SetTable(front);
        front.Start();
        guest.WaitReady(_limit);
        return front;
    }

    private void SetTable(TestFrontEnd front) => front.SetTable((0x100000000, Pages * 4096, 0, File(_memory)));

    /// <summary>A buffer's peer, at whose end another thread reads the state of the guest.</summary>
    private sealed class StateReader(GuestMemory guest) : IDisposable
    {
        public bool HasRead { get; private set; }

        public void Dispose()
        {
            var reader = new Thread(() => _ = guest.State);
            reader.Start();
            HasRead = reader.Join(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>A private, writable mapping of a memfd, as QEMU makes with share=off.</summary>
    private sealed unsafe partial class PrivateMapping(DmaBuffer memory) : IDisposable
    {
        private const int MAP_PRIVATE = 2;
        private readonly nint _address = memory.Use(
            fd => mmap(0, (nuint)memory.Size, Mman.PROT_READ | Mman.PROT_WRITE, MAP_PRIVATE, fd.Number, 0));

        public void Dispose() => Mman.Unmap((void*)_address, memory.Size);

        [LibraryImport("libc")]
        private static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, nint offset);
    }
}
