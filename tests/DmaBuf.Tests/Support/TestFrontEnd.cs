using System.Runtime.InteropServices;
using DmaBuf.Guests;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>The front end's side of vhost-user, as QEMU speaks it, over a real socket.</summary>
internal sealed class TestFrontEnd : IDisposable
{
    private readonly WaitLimit _limit = new(TimeSpan.FromSeconds(120));
    private readonly SocketStream _stream;

    public TestFrontEnd(string path) =>
        _stream = (SocketStream)StreamConnector.Connect(Endpoint.Parse($"unix:{path}"), _limit);

    /// <summary>Whether the back end has closed the connection.</summary>
    public bool IsClosed
    {
        get
        {
            _stream.WaitForEnd(_limit);
            return _stream.HasEnded;
        }
    }

    /// <summary>What QEMU asks before the guest's driver starts.</summary>
    public void Negotiate()
    {
        Assert.Equal(1UL << 30 | 1UL << 32, Ask(VhostUser.Request.GET_FEATURES));
        var offered = Ask(VhostUser.Request.GET_PROTOCOL_FEATURES);
        // REPLY_ACK and CONFIGURE_MEM_SLOTS; nothing that allows migration.
        Assert.Equal((1UL << 3) | (1UL << 15), offered & ((1UL << 3) | (1UL << 15) | (1UL << 1)));
        Send(VhostUser.Request.SET_PROTOCOL_FEATURES, offered);
    }

    /// <summary>Sends a table, and waits for its acknowledgement.</summary>
    public void SetTable(params (ulong Address, ulong Size, ulong Offset, FileDescriptor File)[] regions)
    {
        SendTable(regions);
        Assert.Equal(0UL, ReadReply(VhostUser.Request.SET_MEM_TABLE));
    }

    public void SendTable(params (ulong Address, ulong Size, ulong Offset, FileDescriptor File)[] regions)
    {
        var words = new List<ulong> { (ulong)regions.Length };
        foreach (var (address, size, offset, _) in regions)
            words.AddRange([address, size, 0x7f0000000000 + address, offset]);
        Send(
            VhostUser.Request.SET_MEM_TABLE, MemoryMarshal.AsBytes(words.ToArray().AsSpan()), needReply: true,
            [.. regions.Select(region => region.File)]);
    }

    /// <summary>Starts the device, as the guest's driver does.</summary>
    public void Start() => Send(VhostUser.Request.SET_VRING_KICK, 0x100);

    /// <summary>Stops the device, as a reset of the guest does.</summary>
    public void Stop() => Ask(VhostUser.Request.GET_VRING_BASE, 0);

    public ulong Ask(VhostUser.Request request, ulong? argument = null)
    {
        Send(request, argument is { } word ? BitConverter.GetBytes(word) : [], needReply: false);
        return ReadReply(request);
    }

    public void Send(VhostUser.Request request, ulong argument) =>
        Send(request, BitConverter.GetBytes(argument), needReply: false);

    /// <summary>
    /// Sends a message, and closes its descriptors. Each goes with a byte of its own, which the receiver may not depend
    /// on.
    /// </summary>
    public void Send(
        VhostUser.Request request, ReadOnlySpan<byte> payload, bool needReply, params FileDescriptor[] descriptors)
    {
        var header = new VhostUser.Header
        {
            request = request, flags = needReply ? 9u : 1u, size = (uint)payload.Length,
        };
        var message = new byte[VhostUser.HeaderSize + payload.Length];
        MemoryMarshal.Write(message, in header);
        payload.CopyTo(message.AsSpan(VhostUser.HeaderSize));
        for (var i = 0; i < descriptors.Length; i++)
        {
            using var descriptor = descriptors[i];
            _stream.SendDescriptor(descriptor, message[i], _limit);
        }

        _stream.Send(message.AsSpan(descriptors.Length), _limit);
    }

    public void SendRaw(ReadOnlySpan<byte> bytes) => _stream.Send(bytes, _limit);

    public void Dispose()
    {
        _stream.Dispose();
        _limit.Dispose();
    }

    /// <summary>Waits for the answer to a message.</summary>
    public ulong ReadReply(VhostUser.Request request)
    {
        Span<byte> answer = stackalloc byte[VhostUser.HeaderSize + sizeof(ulong)];
        Assert.Equal(0, _stream.ReceiveAll(answer, _limit));
        var header = MemoryMarshal.Read<VhostUser.Header>(answer);
        Assert.Equal((request, 5u, 8u), (header.request, header.flags, header.size));
        return MemoryMarshal.Read<ulong>(answer[VhostUser.HeaderSize..]);
    }
}
