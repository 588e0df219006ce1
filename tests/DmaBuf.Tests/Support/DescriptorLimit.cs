using System.Runtime.InteropServices;

namespace DmaBuf.Tests;

/// <summary>
/// Keeps this process from opening another descriptor until it is disposed: it lowers RLIMIT_NOFILE to the numbers of
/// the standard streams, which stay open whatever other threads close in the meantime.
/// </summary>
internal sealed partial class DescriptorLimit : IDisposable
{
    private const int RLIMIT_NOFILE = 7;
    private const int StandardStreams = 3;
    private readonly Rlimit _before;

    public DescriptorLimit()
    {
        Check(getrlimit(RLIMIT_NOFILE, out _before));
        var lowered = _before;
        lowered.Current = StandardStreams;
        Check(setrlimit(RLIMIT_NOFILE, in lowered));
    }

    public void Dispose() => Check(setrlimit(RLIMIT_NOFILE, in _before));

    private static void Check(int result)
    {
        if (result < 0)
            throw new InvalidOperationException(Marshal.GetLastPInvokeErrorMessage());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrlimit(int resource, out Rlimit limit);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setrlimit(int resource, in Rlimit limit);

    private struct Rlimit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
