using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>sys/socket.h: messages that pass descriptors over unix sockets; see unix(7).</summary>
internal static unsafe partial class ScmRights
{
    /// <summary>The most descriptors that one message can bring here; the kernel allows 253 (SCM_MAX_FD).</summary>
    public const int MostDescriptors = 16;

    private const int MSG_CTRUNC = 0x8;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;
    private const int SCM_RIGHTS = 1;

    [StructLayout(LayoutKind.Sequential)]
    public struct iovec
    {
        public void* iov_base;
        public nuint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct msghdr
    {
        public void* msg_name;
        public uint msg_namelen;
        public iovec* msg_iov;
        public nuint msg_iovlen;
        public void* msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct cmsghdr
    {
        public nuint cmsg_len;
        public int cmsg_level;
        public int cmsg_type;
    }

    /// <summary>A control message with one descriptor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RightsMessage
    {
        public cmsghdr header;
        public int descriptor;
    }

    /// <summary>One sendmsg(2) with one data byte and one SCM_RIGHTS message that carries one descriptor.</summary>
    public static bool Send(FileDescriptor socket, FileDescriptor passed, byte data)
    {
        var added = false;
        passed.DangerousAddRef(ref added);
        try
        {
            var control = new RightsMessage
            {
                header = new cmsghdr
                {
                    cmsg_len = (nuint)(sizeof(cmsghdr) + sizeof(int)),
                    cmsg_level = Socket.SOL_SOCKET,
                    cmsg_type = SCM_RIGHTS,
                },
                descriptor = passed.Number,
            };
            var vector = new iovec { iov_base = &data, iov_len = 1 };
            var message = MessageOf(&vector, &control, sizeof(RightsMessage));
            long result;
            do
            {
                result = sendmsg(socket, &message, Socket.MSG_NOSIGNAL);
            }
            while (Errno.IsInterrupted(result));

            KernelTrace.Write(
                $"sendmsg({socket.Number}, 1 byte, SCM_RIGHTS [{passed.Number}]) = {Ioctl.Result(result)}");
            return result == 1;
        }
        finally
        {
            passed.DangerousRelease();
        }
    }

    /// <summary>
    /// One recvmsg(2). The caller owns the descriptors it brings: one is expected, and up to two can arrive.
    /// </summary>
    /// <returns>The bytes received, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static long Receive(
        FileDescriptor socket,
        Span<byte> data,
        out FileDescriptor? first,
        out FileDescriptor? second,
        out bool truncated)
    {
        Span<int> descriptors = [-1, -1];
        var result = Receive(socket, data, descriptors, out truncated);
        first = descriptors[0] < 0 ? null : new FileDescriptor(descriptors[0]);
        second = descriptors[1] < 0 ? null : new FileDescriptor(descriptors[1]);
        return result;
    }

    /// <summary>One recvmsg(2). The caller owns the descriptors it brings.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="data">Room for bytes.</param>
    /// <param name="descriptors">
    /// Room for at most <see cref="MostDescriptors"/>; unused places stay as they are.
    /// </param>
    /// <param name="truncated">Whether there were more, or this process may not open so many.</param>
    /// <inheritdoc cref="Receive(FileDescriptor, Span{byte}, out FileDescriptor, out FileDescriptor, out bool)"/>
    public static long Receive(FileDescriptor socket, Span<byte> data, Span<int> descriptors, out bool truncated)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MostDescriptors);
        var control = stackalloc byte[sizeof(cmsghdr) + MostDescriptors * sizeof(int)];
        fixed (byte* bytes = data)
        {
            var vector = new iovec { iov_base = bytes, iov_len = (nuint)data.Length };
            var message = MessageOf(&vector, control, sizeof(cmsghdr) + descriptors.Length * sizeof(int));
            long result;
            do
            {
                result = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
            }
            while (Errno.IsInterrupted(result));

            var header = (cmsghdr*)control;
            var hasRights = result >= 0
                && message.msg_controllen >= (nuint)sizeof(cmsghdr)
                && header->cmsg_level == Socket.SOL_SOCKET
                && header->cmsg_type == SCM_RIGHTS;
            var count = hasRights ? ((int)header->cmsg_len - sizeof(cmsghdr)) / sizeof(int) : 0;
            new ReadOnlySpan<int>(header + 1, count).CopyTo(descriptors);
            truncated = (message.msg_flags & MSG_CTRUNC) != 0;
            KernelTrace.Write(
                $"recvmsg({socket.Number}) = {Ioctl.Result(result)}, {count} descriptor(s)"
                + $"{(truncated ? ", MSG_CTRUNC" : "")}");
            return result;
        }
    }

    private static msghdr MessageOf(iovec* vector, void* control, int controlLength) => new()
    {
        msg_iov = vector,
        msg_iovlen = 1,
        msg_control = control,
        msg_controllen = (nuint)controlLength,
    };

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(FileDescriptor fd, msghdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(FileDescriptor fd, msghdr* message, int flags);
}
