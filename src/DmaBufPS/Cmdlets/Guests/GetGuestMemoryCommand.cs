using System.Management.Automation;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Get-GuestMemory: the KVM guests whose memory this process holds.</summary>
[Cmdlet(VerbsCommon.Get, "GuestMemory")]
[OutputType(typeof(GuestMemory))]
public sealed class GetGuestMemoryCommand : DmaBufCmdlet
{
    /// <summary>Only the guests with these names.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(GuestCompleter))]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var guests = Session.Guests.Guests;
        if (Name.Length == 0)
            WriteObject(guests, enumerateCollection: true);
        foreach (var name in Name)
        {
            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            var found = guests.Where(guest => pattern.IsMatch(guest.Name)).ToArray();
            WriteObject(found, enumerateCollection: true);
            if (found.Length == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
                WriteError(GuestArgumentAttribute.NotFound(name));
        }
    }
}
