using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>
/// ioctl(2) and the request numbers of asm-generic/ioctl.h, which x86, Arm, RISC-V and LoongArch use.
/// </summary>
internal static unsafe partial class Ioctl
{
    private const int IOC_NONE = 0;
    private const int IOC_WRITE = 1;
    private const int IOC_READ = 2;

    /// <summary>_IOC(_IOC_NONE, type, number, sizeof(T)): what Xen's headers use for all of their structs.</summary>
    public static uint IO<T>(char type, uint number)
        where T : unmanaged => IOC(IOC_NONE, type, number, (uint)sizeof(T));

    public static uint IOW<T>(char type, uint number)
        where T : unmanaged => IOC(IOC_WRITE, type, number, (uint)sizeof(T));

    public static uint IOR<T>(char type, uint number)
        where T : unmanaged => IOC(IOC_READ, type, number, (uint)sizeof(T));

    public static uint IOWR<T>(char type, uint number)
        where T : unmanaged => IOC(IOC_READ | IOC_WRITE, type, number, (uint)sizeof(T));

    public static uint IOC(uint direction, char type, uint number, uint size) =>
        direction << 30 | size << 16 | (uint)type << 8 | number;

    /// <summary>One ioctl, repeated when a signal interrupts it.</summary>
    /// <param name="fd">The device, or the buffer.</param>
    /// <param name="request">The request's number.</param>
    /// <param name="name">
    /// The request's name and the relevant part of its argument, for <see cref="KernelTrace"/>.
    /// </param>
    /// <param name="argument">Its argument.</param>
    /// <returns>The result, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static int Call<T>(FileDescriptor fd, uint request, KernelTrace.Message name, ref T argument)
        where T : unmanaged
    {
        fixed (T* pointer = &argument)
            return Call(fd, request, name, pointer);
    }

    /// <inheritdoc cref="Call{T}"/>
    public static int Call(FileDescriptor fd, uint request, KernelTrace.Message name, void* argument)
    {
        int result;
        do
        {
            result = ioctl(fd, request, argument);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"ioctl({fd.Number}, {name.TakeText()}) = {Result(result)}");
        return result;
    }

    /// <summary>A result as strace shows it: the number, or -1 and the error's name.</summary>
    public static string Result(long result) => result < 0 ? $"-1 {Errno.Name(Errno.Last)}" : $"{result}";

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(FileDescriptor fd, nuint request, void* argument);
}
