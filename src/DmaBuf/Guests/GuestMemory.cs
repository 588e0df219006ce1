using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Guests;

/// <summary>
/// The memory of a KVM guest, as QEMU shows it to a vhost-user back end: this process is that back end. Pages that the
/// guest names become dma-bufs of this host. Whoever holds this can read and write all of the guest's memory. Safe to
/// use from several threads.
/// </summary>
public sealed partial class GuestMemory : IDisposable
{
    private readonly object _lock = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly SocketListener _listener;
    private readonly Thread _thread;
    private readonly GuestImports _imports;
    private VhostUserConnection? _front;
    private QmpDevice? _device;
    private bool? _isPrivate;
    private long _resets;
    private bool _isEnded;
    private bool _isDisposed;
    private (long Stops, long TableChanges) _seen;

    private GuestMemory(string name, SocketListener listener, GuestImports imports, uint? cid)
    {
        Name = name;
        Cid = cid;
        _listener = listener;
        _imports = imports;
        _thread = new Thread(Run) { IsBackground = true, Name = $"guest {name}" };
    }

    /// <summary>What this process calls the guest.</summary>
    public string Name { get; }

    /// <summary>The guest's vsock context id; null where it was not given.</summary>
    public uint? Cid { get; }

    /// <summary>The path of the socket that QEMU connects to.</summary>
    public string SocketPath => _listener.Endpoint.Path;

    /// <summary>What went wrong on the last connection of QEMU; null if nothing did.</summary>
    public string? LastError { get; private set; }

    /// <summary>How far it is.</summary>
    public GuestState State
    {
        get
        {
            lock (_lock)
            {
                return _isEnded ? GuestState.Ended
                    : _front is null ? GuestState.Waiting
                    : IsReady ? GuestState.Ready : GuestState.Connected;
            }
        }
    }

    /// <summary>The regions of the guest's memory, by address.</summary>
    public IReadOnlyList<GuestMemoryRegion> Regions
    {
        get
        {
            lock (_lock)
                return [.. _front?.BackEnd.Table.Regions ?? []];
        }
    }

    /// <summary>The size of the guest's memory in bytes, as far as QEMU has shown it.</summary>
    public long Size => Regions.Sum(region => (long)region.Size);

    /// <summary>How many buffers of this guest are open here.</summary>
    public int BufferCount => _imports.OpenCount;

    /// <summary>What stands against sharing, or makes it unsafe.</summary>
    public IReadOnlyList<GuestHazard> Hazards
    {
        get
        {
            lock (_lock)
            {
                var hazards = new List<GuestHazard>();
                if (_isPrivate == true)
                    hazards.Add(GuestHazard.NotShared);
                else if (_isPrivate is null && _device is null && IsReady)
                    hazards.Add(GuestHazard.SharingUnknown);
                if (_front?.BackEnd.Table.Regions.Any(region => region.Refusal is not null) == true)
                    hazards.Add(GuestHazard.BadMemory);
                return [.. hazards, .. _device?.Hazards ?? [GuestHazard.BalloonUnknown]];
            }
        }
    }

    /// <summary>
    /// Listens for QEMU. Errors: <see cref="KernelException"/> (bind: EACCES, EADDRINUSE, ENOENT),
    /// <see cref="AddressException"/> (NotASocket, BadPath).
    /// </summary>
    /// <param name="name">What this process calls the guest.</param>
    /// <param name="path">The socket's path; a stale socket file is replaced.</param>
    /// <param name="cid">The guest's vsock context id.</param>
    public static GuestMemory Listen(string name, string path, uint? cid = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using var unlimited = new WaitLimit();
        var endpoint = Endpoint.Parse($"unixd:{path}");
        var imports = new GuestImports(name);
        SocketListener listener;
        try
        {
            listener = SocketListener.Listen(endpoint, unlimited);
        }
        catch
        {
            imports.Dispose();
            throw;
        }

        var guest = new GuestMemory(name, listener, imports, cid);
        guest._thread.Start();
        return guest;
    }

    /// <summary>
    /// Adds a vhost-user device to a QEMU that runs, and waits until the guest's driver has started it. The device is
    /// taken out again when this is disposed.
    /// </summary>
    /// <param name="qmp">The path of QEMU's QMP socket.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="GuestException">
    /// Qmp, BadMemory; NotReady: the guest's driver did not start the device.
    /// </exception>
    /// <exception cref="KernelException">connect, send.</exception>
    /// <exception cref="WaitTimeoutException">QEMU or the guest did not answer in time.</exception>
    public void PlugIn(string qmp, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        var device = QmpDevice.Add(qmp, Path.GetFullPath(SocketPath), OnReset, limit);
        lock (_lock)
        {
            if (_device is null && !_isEnded)
            {
                _device = device;
                device = null;
            }
        }

        device?.TakeOut(limit.Cancellation);
        device?.Dispose();
        WaitReady(limit);
    }

    /// <summary>Waits until pages can be imported.</summary>
    /// <exception cref="GuestException">NotReady: the guest's memory was given up.</exception>
    /// <exception cref="WaitTimeoutException">
    /// QEMU did not connect, or the guest's driver did not start, in time.
    /// </exception>
    public void WaitReady(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        lock (_lock)
        {
            while (!IsReady)
            {
                if (_isEnded)
                    throw NotReady();
                limit.ForPulse(_lock, _front is null
                    ? $"QEMU to connect to {SocketPath}"
                    : $"the driver of guest '{Name}' to start the vhost-user device");
            }
        }
    }

    /// <summary>Makes a dma-buf of this host from pages of the guest.</summary>
    /// <param name="pages">The pages.</param>
    /// <param name="link">
    /// The connection to the process in the guest that keeps the pages in their place. The buffer ends with it, because
    /// the guest may then use the pages for something else; without one, it is up to the user to remove it in time.
    /// </param>
    /// <exception cref="GuestException">
    /// NotReady, BadPages, FrameTwice, OutsideMemory, BadMemory, TooManyRanges.
    /// </exception>
    /// <exception cref="KernelException">
    /// open, fcntl, UDMABUF_CREATE, UDMABUF_CREATE_LIST, epoll_ctl.
    /// </exception>
    public DmaBuffer Import(GuestPages pages, ByteStream? link = null)
    {
        ArgumentNullException.ThrowIfNull(pages);
        VhostUserConnection front;
        (long, long) ends;
        GuestMemoryPieces pieces;
        lock (_lock)
        {
            if (!IsReady)
                throw NotReady();
            CheckShared();
            front = _front!;
            ends = (front.BackEnd.Stops, _resets);
            pieces = front.BackEnd.Table.Find(pages);
        }

        using (pieces)
        {
            var buffer = Make(pieces, pages);
            try
            {
                lock (_lock)
                {
                    CheckShared();
                    // Whatever ended buffers in the meantime did not know of this one yet.
                    if (_isEnded || front != _front || ends != (front.BackEnd.Stops, _resets)
                        || front.LookedAt != front.BackEnd.Changes
                        || !pieces.Regions.All(front.BackEnd.Table.Has))
                    {
                        throw NotReady();
                    }

                    _imports.Add(buffer, pieces.Regions, link);
                }

                // This can end buffers, which runs code of others and takes time, so it follows the lock.
                if (link is not null)
                    _imports.Follow(link);
                return buffer;
            }
            catch
            {
                buffer.Dispose();
                throw;
            }
        }
    }

    /// <inheritdoc cref="Disconnect"/>
    public void Dispose() => Disconnect();

    /// <summary>
    /// Ends every buffer of this guest, takes out the device that was plugged in, and stops listening. QEMU stays
    /// alive. Idempotent.
    /// </summary>
    /// <param name="cancellation">
    /// Ends the wait for the guest to let the device go, which takes at most twenty seconds: the device then stays, and
    /// does nothing.
    /// </param>
    public void Disconnect(CancellationToken cancellation = default)
    {
        QmpDevice? device;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            (_isDisposed, _isEnded) = (true, true);
            device = _device;
            _device = null;
            Monitor.PulseAll(_lock);
        }

        _imports.End($"the memory of guest '{Name}' was given up");
        // The back end answers QEMU until the device is out.
        device?.TakeOut(cancellation);
        device?.Dispose();
        _ending.Cancel();
        _thread.Join();
        _ending.Dispose();
        _imports.Dispose();
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    private bool IsReady =>
        !_isEnded && _front is { LookedAt: not null, BackEnd: { IsStarted: true, Table.Regions.Count: > 0 } };

    private static DmaBuffer Make(GuestMemoryPieces pieces, GuestPages pages)
    {
        using var device = UdmabufAllocator.OpenDevice();
        var fd = UdmabufAllocator.Create(device, pieces.Ranges) ?? throw Refused(pieces, pages, Errno.Last);
        try
        {
            return DmaBuffer.On(new GuestImportBacking(fd, pages));
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    private static DmaBufException Refused(GuestMemoryPieces pieces, GuestPages pages, int errno)
    {
        // Reading the limits takes as long as the rest of an import, so only a refusal is worth it.
        if (errno == Errno.EINVAL && pieces.Ranges.Count > UdmabufAllocator.ListLimit)
        {
            return new GuestException(
                GuestFault.TooManyRanges,
                $"The guest's pages lie in {pieces.Ranges.Count} ranges, and this host's udmabuf driver takes at most "
                + $"{UdmabufAllocator.ListLimit} (list_limit).",
                "Make the buffer of huge pages in the guest, which are few ranges; or raise "
                + "/sys/module/udmabuf/parameters/list_limit here.");
        }

        return new KernelException(
            nameof(Udmabuf.UDMABUF_CREATE_LIST),
            errno,
            $"{Udmabuf.DEVICE} for {pages}",
            errno == Errno.EINVAL && pages.Size > UdmabufAllocator.SizeLimitMegabytes * 1048576
                ? $"That is over the driver's size_limit_mb, {UdmabufAllocator.SizeLimitMegabytes}: raise "
                    + "/sys/module/udmabuf/parameters/size_limit_mb on this host."
                : null);
    }

    private GuestException NotReady()
    {
        var state = State;
        if (state == GuestState.Ready)
        {
            return new GuestException(
                GuestFault.NotReady,
                $"Guest '{Name}' was reset, or its memory changed, while the pages were imported.",
                "Export the buffer again.");
        }

        return new GuestException(
            GuestFault.NotReady,
            state switch
            {
                GuestState.Ended => $"The memory of guest '{Name}' was given up.",
                GuestState.Waiting => $"QEMU of guest '{Name}' is not connected to {SocketPath}.",
                _ => $"The driver of guest '{Name}' does not run the vhost-user device.",
            },
            LastError
            ?? "Start QEMU with a vhost-user device on that socket, and a guest whose kernel has its driver.");
    }

    private void CheckShared()
    {
        if (_isPrivate != true)
            return;
        throw new GuestException(
            GuestFault.BadMemory,
            $"QEMU maps the memory of guest '{Name}' privately, so that this host does not see what the guest writes.",
            "Start QEMU with -object memory-backend-memfd,share=on.");
    }
}
