using System.Text;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>
/// An open buffer: a dma-buf, a sealed memfd that stands in for one, or pages shared with another domain by a grant
/// device. It owns its descriptor and its one mapping. Safe to use from several threads; a view that is open when the
/// buffer is disposed stays valid until it is closed.
/// </summary>
public sealed class DmaBuffer : IDisposable
{
    private static long s_lastId;

    private readonly Backing _backing;
    private readonly BufferMemory _memory;
    private volatile string? _endReason;

    private DmaBuffer(Backing backing)
    {
        _backing = backing;
        _memory = new BufferMemory(backing);
    }

    /// <summary>A number that no other buffer of this process has or had.</summary>
    public long Id { get; } = Interlocked.Increment(ref s_lastId);

    /// <summary>The size in bytes, as the kernel reports it.</summary>
    public long Size => _backing.Size;

    /// <summary>The size in pages of this kernel (see <c>getconf PAGESIZE</c>), rounded up.</summary>
    public long PageCount => (Size + Environment.SystemPageSize - 1) / Environment.SystemPageSize;

    /// <summary>Where the memory came from.</summary>
    public BufferOrigin Origin => _backing.Origin;

    /// <summary>True for a dma-buf, false for a memfd or a grant device's pages.</summary>
    public bool IsDmaBuf => _backing.IsDmaBuf;

    /// <summary>
    /// The descriptor's number in this process, as /proc/self/fd shows it; -1 once the buffer is removed.
    /// </summary>
    public int Fd => IsOpen ? _backing.Descriptor.Number : -1;

    /// <summary>
    /// The inode number: the same in every process that holds this buffer; 0 for a grant device's pages.
    /// </summary>
    public ulong Inode => _backing.Inode;

    /// <summary>
    /// The other domain: the one that the pages belong to, or the one they were granted to when they were allocated;
    /// null where there is none.
    /// </summary>
    public ushort? Domain => _backing.Domain;

    /// <summary>
    /// The pages that the buffer was made from, or that were shared when they were allocated; null for memory of this
    /// domain's own.
    /// </summary>
    public SharedPages? Shared => _backing.Shared;

    /// <summary>False once the buffer is removed.</summary>
    public bool IsOpen => !_memory.IsClosed;

    /// <summary>True until the buffer is disposed, even after a <see cref="WaitReleased"/> that timed out.</summary>
    public bool IsHeld => !_memory.IsDisposed;

    /// <summary>Whether another process that gets the descriptor can reach the memory through it.</summary>
    public bool IsPassable => _backing.IsPassable;

    /// <summary>
    /// Whether the processor can access the content: some exporters refuse mmap, and their buffers can only be passed
    /// on. Found out by mapping the buffer, when this is first read; false once the buffer is removed.
    /// </summary>
    public bool IsCpuAccessible => _memory.CanMap(this);

    /// <summary>
    /// Whether the kernel reports when nobody holds the buffer any more, which <see cref="WaitReleased"/> waits for.
    /// </summary>
    public bool TellsRelease => _backing.TellsRelease;

    /// <summary>
    /// The buffer's name (DMA_BUF_SET_NAME), or null. Every holder can change it, so a dma-buf's name is read from the
    /// kernel each time; once the buffer is removed, the last one stays. <see cref="VisibleText"/> shows the control
    /// characters in it. Setting it takes at most 31 bytes of UTF-8. Errors: <see cref="BufferException"/> (BadName,
    /// Removed), <see cref="KernelException"/>.
    /// </summary>
    public string? Name
    {
        get
        {
            Refresh();
            return _backing.Name is { } name ? VisibleText.Of(name) : null;
        }
        set
        {
            CheckName(value);
            Use(_ =>
            {
                _backing.SetName(string.IsNullOrEmpty(value) ? null : value, this);
                return true;
            });
        }
    }

    /// <summary>
    /// The kernel's <c>exp_name</c>: what made the buffer, such as <c>udmabuf</c> or <c>system</c>; <c>memfd</c> for a
    /// memfd.
    /// </summary>
    public string Exporter
    {
        get
        {
            if (_backing.Exporter is null)
                Refresh();
            return _backing.Exporter ?? "";
        }
    }

    /// <summary>Makes a buffer on a backing and takes ownership of the backing, which is disposed on failure.</summary>
    internal static DmaBuffer On(Backing backing, string? name = null)
    {
        var buffer = new DmaBuffer(backing);
        try
        {
            if (name is not null)
                buffer.Name = name;
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes over a descriptor that this process made, asks the kernel what it is, and names the buffer. On failure the
    /// descriptor is closed.
    /// </summary>
    /// <exception cref="KernelException">lseek, statx, DMA_BUF_SET_NAME.</exception>
    internal static DmaBuffer Adopt(FileDescriptor fd, BufferOrigin origin, string? name = null) =>
        On(BackingFactory.Of(fd, origin, trusted: true), name);

    /// <summary>
    /// Takes over a descriptor that another process sent, and asks the kernel what it is. On failure the descriptor is
    /// closed. A dma-buf's pages cannot be taken away, and a memfd's only where F_SEAL_SHRINK is missing.
    /// </summary>
    /// <exception cref="BufferException">NotABuffer, NotSealed: reading it might end this process.</exception>
    /// <exception cref="KernelException">lseek, statx.</exception>
    internal static DmaBuffer AdoptReceived(FileDescriptor fd) =>
        On(BackingFactory.Of(fd, BufferOrigin.Received, trusted: false));

    /// <summary>
    /// Opens the buffer's bytes between DMA_BUF_IOCTL_SYNC START and END. Dispose the view to end the access.
    /// Errors: <see cref="BufferException"/> (Removed, ReadOnly, NotSealed), <see cref="KernelException"/> (mmap,
    /// sync).
    /// </summary>
    public BufferView OpenView(BufferAccess access)
    {
        var (mapping, view) = _memory.OpenView(this, access);
        return new BufferView(this, mapping, access, view);
    }

    /// <summary>Opens a view for a device that is given addresses instead of a descriptor.</summary>
    /// <inheritdoc cref="OpenView"/>
    internal HeldView HoldView()
    {
        var (mapping, view) = _memory.OpenView(this, BufferAccess.ReadWrite);
        return new HeldView(this, mapping, view);
    }

    /// <summary>Refuses a buffer that was removed. Errors: <see cref="BufferException"/> (Removed).</summary>
    public void ThrowIfRemoved()
    {
        if (!IsOpen)
            throw BufferException.Removed(this, _endReason);
    }

    /// <summary>
    /// Removes the buffer because of something that its user did not do. Views that are open refuse from now on: the
    /// pages may be used for something else.
    /// </summary>
    /// <param name="reason">What happened, as a sentence without its full stop.</param>
    internal void End(string reason)
    {
        // Of a buffer that its user has removed, only a view may still be open.
        if (!IsFreed)
            _endReason = reason;
        Dispose();
    }

    /// <summary>
    /// Closes the descriptor and the mapping (once no view is open), and then the link to the peer that the buffer came
    /// from, which tells that peer that this side is done. Idempotent.
    /// </summary>
    public void Dispose() => _memory.Dispose();

    /// <summary>
    /// Closes this process's own hold on a dma-buf that the grant device made from references, and waits until nobody
    /// else holds it (EXP_WAIT_RELEASED): no other process that it was sent to, no device, and no view that is open
    /// here. The buffer is closed from the start; after a timeout the wait can be repeated, until the buffer is
    /// disposed. Errors: <see cref="BufferException"/> (CannotWait: it is not such a dma-buf),
    /// <see cref="KernelException"/>, <see cref="WaitTimeoutException"/>.
    /// </summary>
    public void WaitReleased(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        if (!TellsRelease)
        {
            throw new BufferException(BufferFault.CannotWait, $"{this} is not a dma-buf made from grant references.",
                "Remove it to end its use here; the peer that shared it, if any, then learns of that.");
        }

        if (!IsHeld)
            ThrowIfRemoved();
        var name = ToString();
        _memory.Close();
        _backing.WaitReleased(name, limit);
        Dispose();
    }

    /// <summary>
    /// Waits until no device uses the dma-buf in a way that excludes an access: until its fences are signalled (poll(2)
    /// on a dma-buf; linux/dma-buf.h).
    /// </summary>
    /// <exception cref="BufferException">NotABuffer: it is not a dma-buf; Removed.</exception>
    /// <exception cref="WaitTimeoutException">A fence was not signalled in time.</exception>
    public void WaitFences(BufferAccess access, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        ThrowIfRemoved();
        if (!IsDmaBuf)
        {
            throw new BufferException(BufferFault.NotABuffer, $"{this} has no fences, because it is not a dma-buf.",
                "Wait for fences of dma-bufs only.");
        }

        try
        {
            var events = access == BufferAccess.Read ? Poll.POLLIN : Poll.POLLOUT;
            limit.ForEvent(Descriptor, events, $"the fences of {this}");
        }
        catch (KernelException e) when (e.Call == "poll")
        {
            throw BufferException.Removed(this);
        }
        catch (WaitTimeoutException e)
        {
            throw e.ForFence();
        }
    }

    /// <summary>What messages call this buffer: its name if it has one, its size and its inode.</summary>
    public override string ToString()
    {
        var name = Name is { } given ? $"'{given}' " : "";
        return $"{_backing.Kind} {name}of {Size} bytes ({_backing.Place})";
    }

    /// <summary>
    /// Keeps the object that tells the peer that this side is done. It is disposed once all of the buffer is freed, by
    /// the thread that ends the last use.
    /// </summary>
    internal void OwnPeer(IDisposable peer) => _memory.OwnPeer(peer);

    /// <summary>Uses the descriptor, which stays open in the meantime.</summary>
    /// <exception cref="BufferException">Removed.</exception>
    internal T Use<T>(Func<FileDescriptor, T> use)
    {
        if (!_memory.TryHold())
            ThrowIfRemoved();
        try
        {
            return use(_backing.Descriptor);
        }
        finally
        {
            _memory.Release();
        }
    }

    /// <summary>Checks a range, and completes one without a count, which reaches up to the end.</summary>
    internal (long Offset, long Count) CheckRange(long offset, long? count)
    {
        if (offset < 0 || offset > Size || count < 0 || count > Size - offset)
        {
            var problem = (offset, count) switch
            {
                ( < 0, _) => $"Offset {offset} is before the start of {this}",
                (_, < 0) => $"Count {count} is negative",
                _ when offset > Size => $"Offset {offset} is past the end of {this}",
                _ => $"{count} bytes from offset {offset} reach past the end of {this}",
            };
            throw new BufferException(
                BufferFault.OutOfRange,
                $"{problem}.",
                offset < 0 || count < 0
                    ? $"Use 0 or more; the buffer ends at byte {Size}."
                    : $"The buffer ends at byte {Size}: use a smaller offset or count.");
        }

        return (offset, count ?? Size - offset);
    }

    /// <summary>Refuses a text that cannot be a buffer's name; null and "" mean none.</summary>
    /// <exception cref="BufferException">BadName.</exception>
    public static void CheckName(string? name)
    {
        name ??= "";
        if (Encoding.UTF8.GetByteCount(name) >= DmaBufUapi.DMA_BUF_NAME_LEN
            || name.Contains('\0', StringComparison.Ordinal))
        {
            // A property's setter shows the message only, so the limit is part of it.
            const int Most = DmaBufUapi.DMA_BUF_NAME_LEN - 1;
            throw new BufferException(
                BufferFault.BadName,
                $"'{name}' cannot be a buffer's name: the kernel takes at most {Most} bytes of UTF-8 without NUL.",
                $"Use a name of at most {Most} bytes.");
        }
    }

    /// <summary>The descriptor, for a wait that ends when the buffer is removed.</summary>
    internal FileDescriptor Descriptor => _backing.Descriptor;

    /// <inheritdoc cref="Backing.MemFds"/>
    internal IReadOnlyList<MemFdRange> MemFds => _backing.MemFds;

    /// <inheritdoc cref="Backing.OwnsMemFds"/>
    internal bool OwnsMemFds => _backing.OwnsMemFds;

    /// <summary>True once nothing uses the memory any more, not even a view that is open.</summary>
    internal bool IsFreed => _memory.IsFreed;

    /// <summary>Whether the buffer is mapped now.</summary>
    internal bool IsMapped => _memory.IsMapped;

    /// <summary>Refuses a view that was closed, or whose buffer ended by something that its user did not do.</summary>
    /// <exception cref="ObjectDisposedException">The view is closed.</exception>
    /// <exception cref="BufferException">Removed.</exception>
    internal void CheckView(BufferViewId view)
    {
        ObjectDisposedException.ThrowIf(!_memory.IsViewOpen(view), typeof(BufferView));
        if (_endReason is { } reason)
            throw BufferException.Removed(this, reason);
    }

    internal void EndView(BufferAccess access, BufferViewId view) => _memory.EndView(this, access, view);

    /// <summary>Does nothing once the buffer is closed: the descriptor's number may then be another file's.</summary>
    private void Refresh()
    {
        if (!_memory.TryHold())
            return;
        try
        {
            _backing.Refresh();
        }
        finally
        {
            _memory.Release();
        }
    }
}
