using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>
/// sys/socket.h: stream sockets that never block, so that every wait is a poll that can be cancelled. .NET's own
/// sockets cannot pass descriptors and do not support vsock.
/// </summary>
internal static unsafe partial class Socket
{
    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int AF_VSOCK = 40;

    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;

    public const int SOL_SOCKET = 1;
    public const int MSG_NOSIGNAL = 0x4000;

    private const int SOCK_NONBLOCK = 0x800;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SO_REUSEADDR = 2;
    private const int SO_ERROR = 4;
    private const int SO_KEEPALIVE = 9;
    private const int SO_PEERCRED = 17;
    private const int IPPROTO_TCP = 6;
    private const int TCP_KEEPIDLE = 4;
    private const int TCP_KEEPINTVL = 5;
    private const int TCP_KEEPCNT = 6;
    private const uint SIOCOUTQ = 0x5411;

    [StructLayout(LayoutKind.Sequential)]
    public struct ucred
    {
        public int pid;
        public uint uid;
        public uint gid;
    }

    public static FileDescriptor? Create(int family, int type)
    {
        var fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        KernelTrace.Write($"socket({family}, {type}) = {Ioctl.Result(fd)}");
        return fd < 0 ? null : new FileDescriptor(fd);
    }

    public static bool Bind(FileDescriptor fd, ReadOnlySpan<byte> address, string text)
    {
        var result = bind(fd, address, (uint)address.Length);
        KernelTrace.Write($"bind({fd.Number}, {text}) = {Ioctl.Result(result)}");
        return result == 0;
    }

    public static bool Listen(FileDescriptor fd, int backlog)
    {
        var result = listen(fd, backlog);
        KernelTrace.Write($"listen({fd.Number}, {backlog}) = {Ioctl.Result(result)}");
        return result == 0;
    }

    public static bool Connect(FileDescriptor fd, ReadOnlySpan<byte> address, string text)
    {
        var result = connect(fd, address, (uint)address.Length);
        KernelTrace.Write($"connect({fd.Number}, {text}) = {Ioctl.Result(result)}");
        return result == 0;
    }

    public static FileDescriptor? Accept(FileDescriptor listener)
    {
        int fd;
        do
        {
            fd = accept4(listener, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
        }
        while (Errno.IsInterrupted(fd));

        KernelTrace.Write($"accept4({listener.Number}) = {Ioctl.Result(fd)}");
        return fd < 0 ? null : new FileDescriptor(fd);
    }

    /// <summary>Allows listening on a port again right after its last listener closed (SO_REUSEADDR).</summary>
    public static void AllowReuse(FileDescriptor fd) =>
        SetOption(fd, (SOL_SOCKET, SO_REUSEADDR), 1, "SOL_SOCKET, SO_REUSEADDR");

    /// <summary>
    /// Makes the kernel probe a silent TCP peer. A destroyed domain closes no connection; it shows as ETIMEDOUT after
    /// half a minute, if its kernel had acknowledged everything that was sent.
    /// </summary>
    public static void KeepAlive(FileDescriptor fd)
    {
        const int IdleSeconds = 15;
        const int IntervalSeconds = 5;
        const int Probes = 3;
        SetOption(fd, (SOL_SOCKET, SO_KEEPALIVE), 1, "SOL_SOCKET, SO_KEEPALIVE");
        SetOption(fd, (IPPROTO_TCP, TCP_KEEPIDLE), IdleSeconds, "IPPROTO_TCP, TCP_KEEPIDLE");
        SetOption(fd, (IPPROTO_TCP, TCP_KEEPINTVL), IntervalSeconds, "IPPROTO_TCP, TCP_KEEPINTVL");
        SetOption(fd, (IPPROTO_TCP, TCP_KEEPCNT), Probes, "IPPROTO_TCP, TCP_KEEPCNT");
    }

    /// <summary>
    /// Takes the socket's pending error (SO_ERROR), such as that of a connect in progress: 0 or an error number.
    /// </summary>
    public static int TakeError(FileDescriptor fd)
    {
        int error;
        uint length = sizeof(int);
        var result = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
        KernelTrace.Write(
            $"getsockopt({fd.Number}, SOL_SOCKET, SO_ERROR) = {Ioctl.Result(result)}"
            + $"{(result < 0 ? "" : error == 0 ? ", 0" : $", {Errno.Name(error)}")}");
        return result < 0 ? Errno.Last : error;
    }

    /// <summary>The bytes sent on a TCP connection that the other host has not acknowledged (SIOCOUTQ).</summary>
    public static int Unacknowledged(FileDescriptor fd)
    {
        var bytes = 0;
        return Ioctl.Call(fd, SIOCOUTQ, $"{nameof(SIOCOUTQ)}", ref bytes) < 0 ? 0 : bytes;
    }

    /// <summary>The address of the other end (getpeername), a struct sockaddr; empty where there is none.</summary>
    public static byte[] PeerName(FileDescriptor fd)
    {
        const int SizeOfSockaddrStorage = 128;
        var address = new byte[SizeOfSockaddrStorage];
        var length = (uint)address.Length;
        fixed (byte* pointer = address)
        {
            var result = getpeername(fd, pointer, &length);
            KernelTrace.Write($"getpeername({fd.Number}) = {Ioctl.Result(result)}");
            return result < 0 ? [] : address[..(int)length];
        }
    }

    /// <summary>The process that made the other end of a unix connection (SO_PEERCRED).</summary>
    public static bool PeerCredentials(FileDescriptor fd, out ucred credentials)
    {
        var length = (uint)sizeof(ucred);
        fixed (ucred* pointer = &credentials)
        {
            var result = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, pointer, &length);
            KernelTrace.Write(
                $"getsockopt({fd.Number}, SOL_SOCKET, SO_PEERCRED) = {Ioctl.Result(result)}"
                + $"{(result < 0 ? "" : $", pid {pointer->pid}, uid {pointer->uid}")}");
            return result == 0;
        }
    }

    /// <returns>The bytes sent, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static long Send(FileDescriptor fd, ReadOnlySpan<byte> bytes)
    {
        long result;
        do
        {
            result = send(fd, bytes, (nuint)bytes.Length, MSG_NOSIGNAL);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"send({fd.Number}, {bytes.Length}) = {Ioctl.Result(result)}");
        return result;
    }

    /// <returns>
    /// The bytes received, 0 at the stream's end, or -1 with the error number in <see cref="Errno.Last"/>.
    /// </returns>
    public static long Receive(FileDescriptor fd, Span<byte> bytes)
    {
        long result;
        do
        {
            result = recv(fd, bytes, (nuint)bytes.Length, 0);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"recv({fd.Number}, {bytes.Length}) = {Ioctl.Result(result)}");
        return result;
    }

    /// <summary>
    /// setsockopt(2) with a number. A failure is ignored: without the option the socket works less well, but works.
    /// </summary>
    private static void SetOption(FileDescriptor fd, (int Level, int Name) option, int value, string name)
    {
        var result = setsockopt(fd, option.Level, option.Name, &value, sizeof(int));
        KernelTrace.Write($"setsockopt({fd.Number}, {name}, {value}) = {Ioctl.Result(result)}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(FileDescriptor fd, ReadOnlySpan<byte> address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(FileDescriptor fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(FileDescriptor fd, ReadOnlySpan<byte> address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(FileDescriptor fd, void* address, uint* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(FileDescriptor fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(FileDescriptor fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getpeername(FileDescriptor fd, void* address, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(FileDescriptor fd, ReadOnlySpan<byte> bytes, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(FileDescriptor fd, Span<byte> bytes, nuint length, int flags);
}
