using System.Runtime.InteropServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Grants;

/// <summary>
/// One reference for a whole buffer, as in Xen's display and sound protocols (xen/io/displif.h): pages that hold the
/// next page's reference and then the buffer's references. 0 ends the chain, and the buffer's size determines how many
/// references there are.
/// </summary>
public static class GrantDirectory
{
    private const int RefsInPage = (GrantRefs.GrantPageSize / sizeof(uint)) - 1;

    /// <summary>
    /// Lists references in granted pages of their own. The directory lives as long as the buffer returned.
    /// Errors: as <see cref="GrantAllocator.Allocate"/>.
    /// </summary>
    /// <returns>The pages that hold the directory, and the references completed by it.</returns>
    public static (DmaBuffer Pages, GrantRefs Grants) Create(GrantRefs grants)
    {
        ArgumentNullException.ThrowIfNull(grants);
        var pageCount = (grants.Count + RefsInPage - 1) / RefsInPage;
        var size = (long)pageCount * GrantRefs.GrantPageSize;
        var pages = GrantAllocator.Allocate(size, grants.Domain, grants.PeerDomain);
        try
        {
            var own = GrantRefs.Of(pages)!.Refs;
            using var view = pages.OpenView(BufferAccess.ReadWrite);
            for (var page = 0; page < pageCount; page++)
            {
                var bytes = view.WritableSlice((long)page * GrantRefs.GrantPageSize, GrantRefs.GrantPageSize);
                var words = MemoryMarshal.Cast<byte, uint>(bytes);
                words.Clear();
                words[0] = page + 1 < pageCount ? own[page + 1] : 0;
                for (var i = 0; i < RefsInPage && (page * RefsInPage) + i < grants.Count; i++)
                    words[i + 1] = grants.Refs[(page * RefsInPage) + i];
            }

            return (pages, grants with { Directory = own[0] });
        }
        catch
        {
            pages.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Reads the references that a directory lists. The exporter's pages are not trusted: the size alone determines how
    /// many pages are followed. Errors: <see cref="BufferException"/> (OwnDomain, BadSize, OutOfRange: the chain ends
    /// early), and those of <see cref="GrantMapper.ImportMapping"/>.
    /// </summary>
    /// <param name="domain">The exporter.</param>
    /// <param name="own">This domain.</param>
    /// <param name="directory">The reference of the first page.</param>
    /// <param name="size">The buffer's size in bytes.</param>
    public static GrantRefs Read(ushort domain, ushort own, uint directory, long size)
    {
        if (size <= 0 || size % GrantRefs.GrantPageSize != 0 || size / GrantRefs.GrantPageSize > GrantMapper.MaxPages)
        {
            throw new BufferException(
                BufferFault.BadSize,
                $"{size} bytes is not the size of a shared buffer.",
                $"Use a positive multiple of {GrantRefs.GrantPageSize} bytes, at most {GrantMapper.MaxPages} pages.");
        }

        GrantMapper.CheckIsFor(new GrantRefs { Domain = domain, PeerDomain = own, Refs = [directory] }, own);
        var refs = new uint[size / GrantRefs.GrantPageSize];
        var next = directory;
        for (var done = 0; done < refs.Length;)
        {
            if (next == 0)
            {
                throw new BufferException(
                    BufferFault.OutOfRange,
                    $"The directory lists {done} references, but the buffer has {refs.Length} pages.",
                    "Check the size: the exporter's buffer is smaller.");
            }

            var listing = new GrantRefs { Domain = domain, PeerDomain = own, Refs = [next] };
            using var page = GrantMapper.ImportMapping(listing);
            using var view = page.OpenView(BufferAccess.Read);
            var words = MemoryMarshal.Cast<byte, uint>(view.Slice(0, GrantRefs.GrantPageSize));
            next = words[0];
            var count = Math.Min(RefsInPage, refs.Length - done);
            words.Slice(1, count).CopyTo(refs.AsSpan(done));
            done += count;
        }

        return new GrantRefs { Domain = domain, PeerDomain = own, Refs = refs, Directory = directory };
    }
}
