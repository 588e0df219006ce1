using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>A part of a memfd.</summary>
/// <param name="MemFd">The memfd.</param>
/// <param name="Offset">Where the part starts, in bytes: a multiple of the page size.</param>
/// <param name="Size">Its length in bytes: a positive multiple of the page size.</param>
internal readonly record struct MemFdRange(FileDescriptor MemFd, long Offset, long Size);
