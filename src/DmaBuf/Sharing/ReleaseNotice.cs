using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;

namespace DmaBuf.Sharing;

/// <summary>
/// A page shared with a peer. The peer's kernel clears its first byte when the peer unmaps it for whatever reason, so
/// that even a killed peer is noticed (UNMAP_NOTIFY_CLEAR_BYTE in xen/gntdev.h).
/// </summary>
internal sealed class ReleaseNotice : IDisposable
{
    private readonly DmaBuffer _page;

    private ReleaseNotice(DmaBuffer page) => _page = page;

    /// <summary>The page's reference.</summary>
    public uint Ref => GrantRefs.Of(_page)!.Refs[0];

    /// <summary>Whether the byte was cleared. False once this is disposed.</summary>
    public bool IsGiven
    {
        get
        {
            try
            {
                using var view = _page.OpenView(BufferAccess.Read);
                return view.Slice(0, 1)[0] == 0;
            }
            catch (BufferException) when (!_page.IsOpen)
            {
                return false;
            }
        }
    }

    /// <summary>Shares a page with a domain; null where there is no grant allocator, or it has no page left.</summary>
    public static ReleaseNotice? TryCreate(ushort own, ushort peer)
    {
        DmaBuffer? page = null;
        try
        {
            page = GrantAllocator.Allocate(GrantRefs.GrantPageSize, own, peer);
            using var view = page.OpenView(BufferAccess.ReadWrite);
            view.WritableSlice(0, 1)[0] = 1;
            return new ReleaseNotice(page);
        }
        catch (KernelException)
        {
            page?.Dispose();
            return null;
        }
    }

    /// <summary>
    /// Maps a peer's page, so that the peer is notified when the mapping ends; null where that is not possible.
    /// </summary>
    public static DmaBuffer? TryHold(GrantRefs page)
    {
        try
        {
            return GrantMapper.ImportNoticePage(page);
        }
        catch (KernelException)
        {
            return null;
        }
    }

    /// <summary>Ends the sharing.</summary>
    public void Dispose() => _page.Dispose();
}
