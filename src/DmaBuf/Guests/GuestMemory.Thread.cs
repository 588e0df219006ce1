using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Guests;

/// <summary>The thread that answers QEMU and ends buffers in time.</summary>
public sealed partial class GuestMemory
{
    /// <summary>The places in the set of what the thread waits for.</summary>
    private const int AtListener = 0;
    private const int AtLinks = 1;
    private const int AtFront = 2;
    private const int AcceptAgainMilliseconds = 100;

    private void Run()
    {
        using var waits = new WaitSet(_ending.Token);
        try
        {
            while (true)
                Serve(waits);
        }
        catch (OperationCanceledException)
        {
        }
        catch (DmaBufException e)
        {
            LastError = e.Message;
        }

        Drop($"the memory of guest '{Name}' was given up");
        _listener.Dispose();
        QmpDevice? device;
        lock (_lock)
        {
            _isEnded = true;
            device = _device;
            _device = null;
            Monitor.PulseAll(_lock);
        }

        device?.Dispose();
    }

    /// <summary>Waits for one event, and handles it.</summary>
    private void Serve(WaitSet waits)
    {
        waits.Clear();
        waits.Add(_listener.Descriptor, Poll.POLLIN);
        waits.Add(_imports.Links, Poll.POLLIN);
        if (_front is not null)
            waits.Add(_front.Descriptor, Poll.POLLIN);
        waits.Wait(-1, $"QEMU at {SocketPath}");
        if (_front is not null && waits.Events(AtFront) != 0)
            Receive(_front);
        if (waits.Events(AtListener) != 0)
            Accept();
        if (waits.Events(AtLinks) != 0)
            _imports.EndWithLinks();
    }

    private void Accept()
    {
        if (TryAccept() is not { } stream)
            return;
        if (_front is not null)
        {
            KernelTrace.Write($"closed: {stream.Peer} is a second QEMU on this socket");
            stream.Dispose();
            return;
        }

        lock (_lock)
        {
            LastError = null;
            _front = new VhostUserConnection(stream);
            _seen = default;
            Monitor.PulseAll(_lock);
        }
    }

    private SocketStream? TryAccept()
    {
        try
        {
            return _listener.TryAccept();
        }
        catch (KernelException e)
        {
            // This process has no free descriptor, perhaps later.
            LastError = e.Message;
            _ending.Token.WaitHandle.WaitOne(AcceptAgainMilliseconds);
            return null;
        }
    }

    private void Receive(VhostUserConnection front)
    {
        var why = $"QEMU of guest '{Name}' closed its connection";
        try
        {
            bool goesOn;
            lock (_lock)
                goesOn = front.Receive();
            if (goesOn)
            {
                TakeNote(front);
                // Only now, because QEMU may then use the memory for something else.
                front.Answer();
                return;
            }
        }
        catch (DmaBufException e)
        {
            LastError = e.Message;
            why = e.Message.TrimEnd('.');
        }

        Drop(why);
    }

    /// <summary>
    /// Ends the buffers that a stop of the guest, or a change of its memory, leaves without their pages.
    /// </summary>
    private void TakeNote(VhostUserConnection front)
    {
        var now = (front.BackEnd.Stops, front.BackEnd.TableChanges);
        if (front.BackEnd is { IsStarted: true, Table.Regions.Count: > 0 } && front.LookedAt != front.BackEnd.Changes)
            LookAtMappings(front);
        if (now.Stops != _seen.Stops)
            _imports.End($"guest '{Name}' was stopped or reset");
        else if (now.TableChanges != _seen.TableChanges)
            _imports.EndOutside(front.BackEnd.Table, $"guest '{Name}' lost memory that the buffer is in");
        _seen = now;
        lock (_lock)
            Monitor.PulseAll(_lock);
    }

    /// <summary>
    /// Finds out whether QEMU maps the memory privately, before the first page is imported and whenever regions change.
    /// </summary>
    private void LookAtMappings(VhostUserConnection front)
    {
        ulong[] inodes = [.. front.BackEnd.Table.Regions.Select(region => region.Inode)];
        var isPrivate = GuestMemoryFile.IsMappedPrivately(front.ProcessId, inodes);
        lock (_lock)
            (_isPrivate, front.LookedAt) = (isPrivate, front.BackEnd.Changes);
    }

    private void Drop(string why)
    {
        VhostUserConnection? front;
        lock (_lock)
        {
            front = _front;
            _front = null;
            _isPrivate = null;
            Monitor.PulseAll(_lock);
        }

        _imports.End(why);
        front?.Dispose();
    }

    private void OnReset()
    {
        lock (_lock)
            _resets++;
        _imports.End($"guest '{Name}' was reset");
    }
}
