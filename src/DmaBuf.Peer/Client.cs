using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Waits;

namespace DmaBuf.Peer;

/// <summary>
/// Receives a buffer from one peer, prints the text in it, writes a reply if one was given, and closes it.
/// </summary>
internal static class Client
{
    public static void Run(Carrier carrier, string? domain, string? reply, WaitLimit limit)
    {
        using var buffer = domain is null ? carrier.Receive(limit) : Import(carrier, domain, limit);
        Sample.Print(buffer);
        if (reply is not null)
            Sample.WriteLine(buffer, reply);
    }

    private static DmaBuffer Import(Carrier carrier, string domain, WaitLimit limit)
    {
        var buffer = carrier.Receive(domain, ImportMethod.Any, limit);
        Sample.Print(GrantRefs.Of(buffer)!);
        Console.Error.WriteLine($"imported via {(buffer.IsDmaBuf ? "dmabuf" : "mapping")}");
        return buffer;
    }
}
