namespace DmaBuf.Tests;

/// <summary>Compares src/DmaBuf/Interop with the system's own headers.</summary>
public sealed class SystemHeaderTests() : HeaderTests(s_headers)
{
    private static readonly Lazy<Dictionary<string, long>> s_headers =
        Read(CProgram.Compiler, "a C compiler and libc6-dev");
}
