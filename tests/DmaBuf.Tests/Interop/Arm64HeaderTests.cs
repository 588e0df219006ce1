namespace DmaBuf.Tests;

/// <summary>Compares src/DmaBuf/Interop with Arm64's headers.</summary>
public sealed class Arm64HeaderTests() : HeaderTests(s_headers)
{
    private static readonly Lazy<Dictionary<string, long>> s_headers =
        Read("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu and libc6-dev-arm64-cross");
}
