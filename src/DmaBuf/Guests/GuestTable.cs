using DmaBuf.Errors;

namespace DmaBuf.Guests;

/// <summary>The guests whose memory a process holds, by name. Safe to use from several threads.</summary>
public sealed class GuestTable
{
    private readonly Lock _lock = new();
    private readonly List<(GuestMemory Guest, object? Owner)> _guests = [];
    private readonly HashSet<string> _starting = [];

    /// <summary>The guests, oldest first.</summary>
    public IReadOnlyList<GuestMemory> Guests
    {
        get
        {
            lock (_lock)
            {
                _guests.RemoveAll(entry => entry.Guest.State == GuestState.Ended);
                return [.. _guests.Select(entry => entry.Guest)];
            }
        }
    }

    /// <summary>The guest of a name, or null.</summary>
    public GuestMemory? Find(string name) => Guests.FirstOrDefault(guest => guest.Name == name);

    /// <summary>Listens for a guest's QEMU. Errors: as <see cref="GuestMemory.Listen"/>.</summary>
    /// <param name="name">What the process calls the guest.</param>
    /// <param name="path">The path of the socket that QEMU connects to.</param>
    /// <param name="cid">The guest's vsock context id.</param>
    /// <param name="owner">The owner, an object that the caller chooses.</param>
    /// <exception cref="GuestException">BadName: there is a guest of that name.</exception>
    public GuestMemory Add(string name, string path, uint? cid, object? owner = null)
    {
        lock (_lock)
        {
            CheckIsFree(name);
            _starting.Add(name);
        }

        try
        {
            var guest = GuestMemory.Listen(name, path, cid);
            lock (_lock)
                _guests.Add((guest, owner));
            return guest;
        }
        finally
        {
            lock (_lock)
                _starting.Remove(name);
        }
    }

    /// <summary>Gives up the memory of some owners' guests.</summary>
    public void RemoveOwned(Predicate<object?> isOwner)
    {
        List<GuestMemory> ending;
        lock (_lock)
            ending = [.. _guests.Where(entry => isOwner(entry.Owner)).Select(entry => entry.Guest)];
        ending.ForEach(guest => guest.Dispose());
    }

    private void CheckIsFree(string name)
    {
        var other = Find(name);
        if (other is null && !_starting.Contains(name))
            return;
        throw new GuestException(
            GuestFault.BadName,
            $"There is a guest '{name}' already{(other is null ? "" : $", on {other.SocketPath}")}.",
            "Use another name, or disconnect that guest first.");
    }
}
