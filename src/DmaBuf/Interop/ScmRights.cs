using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>sys/socket.h: messages that pass descriptors over unix sockets; see unix(7).</summary>
internal static unsafe partial class ScmRights
{
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

    /// <summary>
    /// A control message with room for two descriptors: one more than the protocol allows, so that a second one is
    /// noticed.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RightsMessage
    {
        public cmsghdr header;
        public int first;
        public int second;
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
                first = passed.Number,
            };
            var vector = new iovec { iov_base = &data, iov_len = 1 };
            var message = MessageOf(&vector, &control);
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
        var control = default(RightsMessage);
        fixed (byte* bytes = data)
        {
            var vector = new iovec { iov_base = bytes, iov_len = (nuint)data.Length };
            var message = MessageOf(&vector, &control);
            long result;
            do
            {
                result = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
            }
            while (Errno.IsInterrupted(result));

            var hasRights = result >= 0
                && message.msg_controllen >= (nuint)sizeof(cmsghdr)
                && control.header.cmsg_level == Socket.SOL_SOCKET
                && control.header.cmsg_type == SCM_RIGHTS;
            var count = hasRights ? ((int)control.header.cmsg_len - sizeof(cmsghdr)) / sizeof(int) : 0;
            first = count > 0 ? new FileDescriptor(control.first) : null;
            second = count > 1 ? new FileDescriptor(control.second) : null;
            truncated = (message.msg_flags & MSG_CTRUNC) != 0;
            KernelTrace.Write(
                $"recvmsg({socket.Number}) = {Ioctl.Result(result)}, {count} descriptor(s)"
                + $"{(truncated ? ", MSG_CTRUNC" : "")}");
            return result;
        }
    }

    private static msghdr MessageOf(iovec* vector, RightsMessage* control) => new()
    {
        msg_iov = vector,
        msg_iovlen = 1,
        msg_control = control,
        msg_controllen = (nuint)sizeof(RightsMessage),
    };

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(FileDescriptor fd, msghdr* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(FileDescriptor fd, msghdr* message, int flags);
}
