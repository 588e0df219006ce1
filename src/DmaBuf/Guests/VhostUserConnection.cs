using System.Runtime.InteropServices;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Transport;

namespace DmaBuf.Guests;

/// <summary>One connection of QEMU to the back end. It never blocks. For one thread at a time.</summary>
internal sealed class VhostUserConnection(SocketStream stream) : IDisposable
{
    private readonly byte[] _bytes = new byte[VhostUser.HeaderSize + VhostUser.MostPayload];
    private readonly List<FileDescriptor> _descriptors = [];
    private readonly byte[] _answer = new byte[VhostUser.HeaderSize + VhostUser.MostPayload];
    private int _received;
    private int _answerSize;

    /// <summary>What the messages are for.</summary>
    public VhostUserBackEnd BackEnd { get; } = new();

    /// <summary>For polling.</summary>
    public FileDescriptor Descriptor => stream.Descriptor;

    /// <summary>QEMU's process id, where the kernel tells it.</summary>
    public int? ProcessId => stream.Remote.ProcessId;

    /// <summary>
    /// <see cref="VhostUserBackEnd.Changes"/> when the owner looked how QEMU maps the memory; null before that.
    /// </summary>
    public long? LookedAt { get; set; }

    /// <summary>What messages call the peer.</summary>
    public string Peer => stream.Peer;

    /// <summary>Handles what has arrived, up to the end of one message, and prepares the answer.</summary>
    /// <returns>False at the end of the connection.</returns>
    /// <exception cref="PeerException">BadMessage, ClosedEarly.</exception>
    /// <exception cref="KernelException">recvmsg.</exception>
    public bool Receive()
    {
        var count = stream.TryReceive(_bytes.AsSpan(_received, Needed() - _received), _descriptors);
        if (count == 0)
            return _received == 0 ? false : throw Bad(PeerFault.ClosedEarly, "closed the connection within a message");
        if (_descriptors.Count > VhostUser.MostRegionsAtOnce)
            throw Bad(PeerFault.TooManyDescriptors, $"sent {_descriptors.Count} descriptors with one message");
        _received += Math.Max(0, count);
        if (_received < VhostUser.HeaderSize)
            return true;
        var header = Header;
        if (header.size > VhostUser.MostPayload)
            throw Bad(PeerFault.BadMessage, $"sent {header.request} with a payload of {header.size} bytes");
        if (_received == Needed())
            Handle(header);
        return true;
    }

    /// <summary>Sends the answer to the last message, where it has one.</summary>
    /// <exception cref="PeerException">Stalled.</exception>
    /// <exception cref="KernelException">send.</exception>
    public void Answer()
    {
        var answer = _answer.AsSpan(0, _answerSize);
        _answerSize = 0;
        if (!answer.IsEmpty && stream.TrySend(answer) < answer.Length)
            throw Bad(PeerFault.Stalled, "does not read the answers to its own messages");
    }

    /// <summary>Closes the connection and the files of the guest's memory.</summary>
    public void Dispose()
    {
        CloseDescriptors();
        BackEnd.Dispose();
        stream.Dispose();
    }

    private VhostUser.Header Header => MemoryMarshal.Read<VhostUser.Header>(_bytes);

    /// <summary>How many bytes the message has, as far as that is known.</summary>
    private int Needed() =>
        VhostUser.HeaderSize + (_received < VhostUser.HeaderSize ? 0 : (int)Header.size);

    private void Handle(in VhostUser.Header header)
    {
        var payload = _bytes.AsSpan(VhostUser.HeaderSize, (int)header.size);
        var problem = BackEnd.Handle(
            header, payload, _descriptors, _answer.AsSpan(VhostUser.HeaderSize), out var length);
        KernelTrace.Write($"vhost-user: {header.request}, {header.size} bytes, {_descriptors.Count} descriptor(s)");
        _received = 0;
        CloseDescriptors();
        if (problem is not null)
            throw Bad(PeerFault.BadMessage, problem);
        if (length < 0)
            return;
        var head = new VhostUser.Header
        {
            request = header.request,
            flags = VhostUser.VERSION | VhostUser.REPLY_MASK,
            size = (uint)length,
        };
        MemoryMarshal.Write(_answer, in head);
        _answerSize = VhostUser.HeaderSize + length;
    }

    private void CloseDescriptors()
    {
        _descriptors.ForEach(descriptor => descriptor.Dispose());
        _descriptors.Clear();
    }

    private PeerException Bad(PeerFault fault, string what) => Bad(stream, fault, what);

    /// <summary>The failure of a peer that breaks the protocol.</summary>
    internal static PeerException Bad(SocketStream stream, PeerFault fault, string what) =>
        new(fault, stream.Peer, what, "It does not speak vhost-user, as QEMU's vhost-user devices do, or it failed.");
}
