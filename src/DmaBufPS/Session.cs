using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>
/// The buffers and shares of this process. Each belongs to the runspace that made it, and ends when that runspace
/// removes the module, never because a variable goes out of scope. What a thread job or another runspace that has ended
/// made is for the others to use, and ends when any of them removes the module.
/// </summary>
public sealed class Session : IModuleAssemblyCleanup
{
    /// <summary>The one table of the process: its threads and runspaces share descriptors and grants anyway.</summary>
    internal static ShareTable Table { get; } = new();

    /// <summary>The channels of the process.</summary>
    internal static ChannelTable Channels { get; } = new(Table);

    /// <summary>The KVM guests whose memory the process holds.</summary>
    internal static GuestTable Guests { get; } = new();

    /// <summary>The owner of the buffers and shares that a cmdlet makes now.</summary>
    internal static object Owner => RunspaceOwner.Current;

    /// <summary>Names a buffer, unless the name is null, and adds it. On failure the buffer is disposed.</summary>
    internal static DmaBuffer Add(DmaBuffer buffer, string? name = null)
    {
        try
        {
            if (name is not null)
                buffer.Name = name;
            return Table.Add(buffer, Owner);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Ends what belongs to the runspace that removes the module, and to runspaces that have ended.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        var own = Owner;
        Channels.CloseOwned(IsEnding);
        Guests.RemoveOwned(IsEnding);
        Table.RemoveOwned(IsEnding);

        bool IsEnding(object? owner) => owner == own || owner is RunspaceOwner { HasEnded: true };
    }
}
