using System.Text.Json.Nodes;
using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Guests;

/// <summary>
/// The vhost-user device that QMP adds to a running guest. Its driver, virtio-fs, is built into distribution kernels,
/// and a file system that nobody mounts does nothing.
/// </summary>
internal sealed class QmpDevice : IDisposable
{
    /// <summary>What the ids of these devices begin with, and no others.</summary>
    private const string Prefix = "dmabufps-";

    private static readonly TimeSpan s_removal = TimeSpan.FromSeconds(20);
    private readonly QmpConnection _qmp;
    private readonly object _lock = new();
    private readonly HashSet<string> _deleted = [];
    private readonly Action _onReset;
    private readonly string _id = $"{Prefix}{Random.Shared.Next():x}";
    private bool _hasBackend;
    private bool _isAdded;

    private QmpDevice(string path, Action onReset, WaitLimit limit)
    {
        _onReset = onReset;
        _qmp = QmpConnection.Open(path, OnEvent, limit);
    }

    /// <summary>What QEMU tells about memory that can change under a buffer.</summary>
    public IReadOnlyList<GuestHazard> Hazards { get; private set; } = [];

    /// <summary>Makes QEMU connect to a back end that listens.</summary>
    /// <param name="path">The QMP socket.</param>
    /// <param name="backEnd">The back end's socket.</param>
    /// <param name="onReset">Called when the guest is reset.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="GuestException">
    /// Qmp: QEMU refused, or has no free root port. BadMemory: its memory is not shared.
    /// </exception>
    /// <exception cref="KernelException">connect, send.</exception>
    /// <exception cref="WaitTimeoutException">QEMU did not answer in time.</exception>
    public static QmpDevice Add(string path, string backEnd, Action onReset, WaitLimit limit)
    {
        var device = new QmpDevice(path, onReset, limit);
        try
        {
            device.CheckMemory(limit);
            device.Hazards = device.FindHazards(limit);
            device.RemoveOrphans(limit);
            device.Add(backEnd, limit);
            return device;
        }
        catch
        {
            device.TakeOut(limit.Cancellation);
            device.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes the device out, which needs the guest's help, for at most twenty seconds. The back end must still answer.
    /// </summary>
    public void TakeOut(CancellationToken cancellation)
    {
        using var limit = new WaitLimit(s_removal, cancellation);
        try
        {
            if (_isAdded)
                Remove(_id, limit);
            else if (_hasBackend)
                RemoveChardev(_id, limit);
        }
        catch (Exception e) when (e is DmaBufException or OperationCanceledException)
        {
            // QEMU is gone, or the guest does not let the device go: it stays, and does nothing.
        }
    }

    /// <summary>Closes the connection to QEMU.</summary>
    public void Dispose() => _qmp.Dispose();

    /// <summary>Takes out devices whose session was killed: QEMU is connected to no back end of theirs.</summary>
    private void RemoveOrphans(WaitLimit limit)
    {
        var orphans = Items(_qmp.Execute("query-chardev", null, limit))
            .Where(chardev => At(chardev, "filename")?.ToString().StartsWith("disconnected:", StringComparison.Ordinal)
                == true)
            .Select(chardev => At(chardev, "label")?.ToString() ?? "")
            .Where(id => id.StartsWith(Prefix, StringComparison.Ordinal));
        using var part = limit.AtMost(s_removal);
        foreach (var id in orphans)
        {
            try
            {
                Remove(id, part);
            }
            catch (GuestException)
            {
                // Perhaps the guest let the device go after its session had ended.
                TryRemoveChardev(id, part);
            }
            catch (WaitTimeoutException) when (!limit.IsOver)
            {
                // The guest keeps it, and another root port may be free.
            }
        }
    }

    private void Remove(string id, WaitLimit limit)
    {
        _qmp.Execute("device_del", new JsonObject { ["id"] = id }, limit);
        lock (_lock)
        {
            while (!_deleted.Contains(id))
                limit.ForPulse(_lock, $"the guest to let go of the device {id}");
        }

        RemoveChardev(id, limit);
    }

    private void RemoveChardev(string id, WaitLimit limit) =>
        _qmp.Execute("chardev-remove", new JsonObject { ["id"] = id }, limit);

    private void TryRemoveChardev(string id, WaitLimit limit)
    {
        try
        {
            RemoveChardev(id, limit);
        }
        catch (GuestException)
        {
            // A device still uses it.
        }
    }

    private void Add(string backEnd, WaitLimit limit)
    {
        var bus = FindBus(_qmp.Execute("query-pci", null, limit)) ?? throw new GuestException(
            GuestFault.Qmp,
            "QEMU has no free PCIe root port for another device.",
            "Start it with one: -device pcie-root-port,id=rp1,chassis=1 (machine q35).");
        _qmp.Execute("chardev-add", new JsonObject
        {
            ["id"] = _id,
            ["backend"] = new JsonObject
            {
                ["type"] = "socket",
                ["data"] = new JsonObject
                {
                    ["addr"] = new JsonObject { ["type"] = "unix", ["data"] = new JsonObject { ["path"] = backEnd } },
                    ["server"] = false,
                },
            },
        }, limit);
        _hasBackend = true;
        _qmp.Execute("device_add", new JsonObject
        {
            ["driver"] = "vhost-user-fs-pci",
            ["id"] = _id,
            ["bus"] = bus,
            ["chardev"] = _id,
            ["tag"] = "dmabufps-no-file-system",
        }, limit);
        _isAdded = true;
    }

    private void CheckMemory(WaitLimit limit)
    {
        var backends = Items(_qmp.Execute("query-memdev", null, limit));
        if (backends.Any(IsShared))
            return;
        throw new GuestException(
            GuestFault.BadMemory,
            "QEMU does not share the guest's memory, and cannot begin to while the guest runs.",
            "Start QEMU with -object memory-backend-memfd,id=mem,size=SIZE,share=on -machine memory-backend=mem.");
    }

    private List<GuestHazard> FindHazards(WaitLimit limit)
    {
        var hazards = new List<GuestHazard>();
        try
        {
            _qmp.Execute("query-balloon", null, limit);
            hazards.Add(GuestHazard.Balloon);
        }
        catch (GuestException)
        {
            // QEMU refuses where there is no balloon.
        }

        var devices = Items(_qmp.Execute("query-memory-devices", null, limit));
        if (devices.Any(device => At(device, "type")?.ToString() == "virtio-mem"))
            hazards.Add(GuestHazard.VirtioMem);
        return hazards;
    }

    /// <summary>The first bus behind a root port that has a name and no device.</summary>
    private static string? FindBus(JsonNode? buses) => Items(buses)
        .SelectMany(bus => Items(At(bus, "devices")))
        .Where(device => At(device, "pci_bridge") is JsonObject bridge && !Items(bridge["devices"]).Any())
        .Select(device => At(device, "qdev_id")?.ToString())
        .FirstOrDefault(name => !string.IsNullOrEmpty(name));

    private static bool IsShared(JsonNode? backend) =>
        At(backend, "share") is JsonValue share && share.TryGetValue(out bool isShared) && isShared;

    private static JsonNode? At(JsonNode? node, string name) => (node as JsonObject)?[name];

    private static IEnumerable<JsonNode?> Items(JsonNode? node) => node as JsonArray ?? [];

    private void OnEvent(string name, JsonNode? data)
    {
        if (name == "RESET")
            _onReset();
        else if (name == "DEVICE_DELETED" && At(data, "device")?.ToString() is { } id)
            OnDeleted(id);
    }

    private void OnDeleted(string id)
    {
        lock (_lock)
        {
            _deleted.Add(id);
            Monitor.PulseAll(_lock);
        }
    }
}
