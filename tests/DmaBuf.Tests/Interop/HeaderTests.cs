using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Compares src/DmaBuf/Interop with the system's headers.</summary>
public sealed class HeaderTests
{
    private static readonly Lazy<Dictionary<string, long>> s_headers = new(() =>
    {
        using var program = CProgram.Start("layout");
        return program.Finish()
            .Select(line => line.LastIndexOf(' ') is var at ? (line[..at], long.Parse(line[(at + 1)..])) : default)
            .ToDictionary(pair => pair.Item1, pair => pair.Item2);
    });

    [Fact]
    public void Structs_have_the_sizes_of_the_C_headers()
    {
        var headers = s_headers.Value;
        Assert.Equal(headers["sizeof udmabuf_create"], Unsafe.SizeOf<Udmabuf.udmabuf_create>());
        Assert.Equal(headers["sizeof udmabuf_create_item"], Unsafe.SizeOf<Udmabuf.udmabuf_create_item>());
        Assert.Equal(headers["sizeof udmabuf_create_list"], Unsafe.SizeOf<Udmabuf.udmabuf_create_list>());
        Assert.Equal(headers["sizeof dma_buf_sync"], Unsafe.SizeOf<DmaBufUapi.dma_buf_sync>());
        Assert.Equal(headers["sizeof dma_heap_allocation_data"], Unsafe.SizeOf<DmaHeap.dma_heap_allocation_data>());
        Assert.Equal(headers["sizeof ioctl_gntdev_grant_ref"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_grant_ref>());
        Assert.Equal(headers["sizeof ioctl_gntdev_map_grant_ref"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_map_grant_ref>());
        Assert.Equal(headers["sizeof ioctl_gntdev_unmap_notify"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_unmap_notify>());
        Assert.Equal(
            headers["sizeof ioctl_gntdev_dmabuf_exp_from_refs"],
            Unsafe.SizeOf<Gntdev.ioctl_gntdev_dmabuf_exp_from_refs>());
        Assert.Equal(
            headers["sizeof ioctl_gntdev_dmabuf_imp_to_refs"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_dmabuf_imp_to_refs>());
        Assert.Equal(headers["sizeof ioctl_gntalloc_alloc_gref"], Unsafe.SizeOf<Gntalloc.ioctl_gntalloc_alloc_gref>());
        Assert.Equal(
            headers["sizeof ioctl_gntalloc_unmap_notify"], Unsafe.SizeOf<Gntalloc.ioctl_gntalloc_unmap_notify>());
        Assert.Equal(
            headers["sizeof ioctl_evtchn_bind_interdomain"], Unsafe.SizeOf<Evtchn.ioctl_evtchn_bind_interdomain>());
        Assert.Equal(headers["sizeof statx"], Unsafe.SizeOf<Stat.statx>());
        Assert.Equal(headers["sizeof pollfd"], Unsafe.SizeOf<Poll.pollfd>());
        Assert.Equal(headers["sizeof msghdr"], Unsafe.SizeOf<ScmRights.msghdr>());
        Assert.Equal(headers["sizeof cmsghdr"], Unsafe.SizeOf<ScmRights.cmsghdr>());
        Assert.Equal(headers["sizeof iovec"], Unsafe.SizeOf<ScmRights.iovec>());
        Assert.Equal(headers["sizeof sysinfo"], Unsafe.SizeOf<Sysinfo.sysinfo>());
        Assert.Equal(headers["sizeof ucred"], Unsafe.SizeOf<Socket.ucred>());
    }

    [Theory]
    [InlineData(typeof(Videodev2.v4l2_capability))]
    [InlineData(typeof(Videodev2.v4l2_fmtdesc))]
    [InlineData(typeof(Videodev2.v4l2_frmsizeenum))]
    [InlineData(typeof(Videodev2.v4l2_frmsize_stepwise))]
    [InlineData(typeof(Videodev2.v4l2_frmivalenum))]
    [InlineData(typeof(Videodev2.v4l2_frmival_stepwise))]
    [InlineData(typeof(Videodev2.v4l2_input))]
    [InlineData(typeof(Videodev2.v4l2_pix_format))]
    [InlineData(typeof(Videodev2.v4l2_plane_pix_format))]
    [InlineData(typeof(Videodev2.v4l2_pix_format_mplane))]
    [InlineData(typeof(Videodev2.v4l2_format))]
    [InlineData(typeof(Videodev2.v4l2_captureparm))]
    [InlineData(typeof(Videodev2.v4l2_streamparm))]
    [InlineData(typeof(Videodev2.v4l2_requestbuffers))]
    [InlineData(typeof(Videodev2.v4l2_plane))]
    [InlineData(typeof(Videodev2.v4l2_timecode))]
    [InlineData(typeof(Videodev2.v4l2_buffer))]
    [InlineData(typeof(Videodev2.v4l2_exportbuffer))]
    public void Structs_of_video_devices_have_the_sizes_of_the_C_headers(Type type) =>
        Assert.Equal(s_headers.Value[$"sizeof {type.Name}"], Marshal.SizeOf(type));

    [Theory]
    [InlineData(typeof(Udmabuf.udmabuf_create))]
    [InlineData(typeof(Udmabuf.udmabuf_create_item))]
    [InlineData(typeof(Udmabuf.udmabuf_create_list))]
    [InlineData(typeof(DmaBufUapi.dma_buf_sync))]
    [InlineData(typeof(DmaHeap.dma_heap_allocation_data))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_grant_ref))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_map_grant_ref))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_unmap_notify))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_dmabuf_exp_from_refs))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_dmabuf_exp_wait_released))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_dmabuf_imp_to_refs))]
    [InlineData(typeof(Gntalloc.ioctl_gntalloc_alloc_gref))]
    [InlineData(typeof(Gntalloc.ioctl_gntalloc_unmap_notify))]
    [InlineData(typeof(Evtchn.ioctl_evtchn_bind_interdomain))]
    [InlineData(typeof(Stat.statx))]
    [InlineData(typeof(Sysinfo.sysinfo))]
    [InlineData(typeof(Poll.pollfd))]
    [InlineData(typeof(ScmRights.msghdr))]
    [InlineData(typeof(ScmRights.cmsghdr))]
    [InlineData(typeof(Videodev2.v4l2_capability))]
    [InlineData(typeof(Videodev2.v4l2_fmtdesc))]
    [InlineData(typeof(Videodev2.v4l2_frmsizeenum))]
    [InlineData(typeof(Videodev2.v4l2_frmsize_stepwise))]
    [InlineData(typeof(Videodev2.v4l2_frmivalenum))]
    [InlineData(typeof(Videodev2.v4l2_frmival_stepwise))]
    [InlineData(typeof(Videodev2.v4l2_input))]
    [InlineData(typeof(Videodev2.v4l2_pix_format))]
    [InlineData(typeof(Videodev2.v4l2_plane_pix_format))]
    [InlineData(typeof(Videodev2.v4l2_pix_format_mplane))]
    [InlineData(typeof(Videodev2.v4l2_format))]
    [InlineData(typeof(Videodev2.v4l2_captureparm))]
    [InlineData(typeof(Videodev2.v4l2_streamparm))]
    [InlineData(typeof(Videodev2.v4l2_requestbuffers))]
    [InlineData(typeof(Videodev2.v4l2_plane))]
    [InlineData(typeof(Videodev2.v4l2_timecode))]
    [InlineData(typeof(Videodev2.v4l2_buffer))]
    [InlineData(typeof(Videodev2.v4l2_exportbuffer))]
    public void Fields_lie_where_the_C_headers_put_them(Type type)
    {
        var checkedFields = 0;
        var fields = s_headers.Value
            .Where(pair => pair.Key.StartsWith(type.Name + ".", StringComparison.Ordinal));
        foreach (var (field, offset) in fields)
        {
            Assert.Equal(offset, (long)Marshal.OffsetOf(type, field.Split('.')[1]));
            checkedFields++;
        }

        Assert.NotEqual(0, checkedFields);
    }

    [Fact]
    public void Request_numbers_are_those_of_the_C_headers()
    {
        var headers = s_headers.Value;
        Assert.Equal(headers["UDMABUF_CREATE"], Udmabuf.UDMABUF_CREATE);
        Assert.Equal(headers["UDMABUF_CREATE_LIST"], Udmabuf.UDMABUF_CREATE_LIST);
        Assert.Equal(headers["DMA_BUF_IOCTL_SYNC"], DmaBufUapi.DMA_BUF_IOCTL_SYNC);
        Assert.Equal(headers["DMA_BUF_SET_NAME_B"], DmaBufUapi.DMA_BUF_SET_NAME_B);
        Assert.Equal(headers["DMA_HEAP_IOCTL_ALLOC"], DmaHeap.DMA_HEAP_IOCTL_ALLOC);
        Assert.Equal(headers["IOCTL_GNTDEV_MAP_GRANT_REF"], Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF);
        Assert.Equal(headers["IOCTL_GNTDEV_SET_UNMAP_NOTIFY"], Gntdev.IOCTL_GNTDEV_SET_UNMAP_NOTIFY);
        Assert.Equal(headers["IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS"], Gntdev.IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS);
        Assert.Equal(headers["IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED"], Gntdev.IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED);
        Assert.Equal(headers["IOCTL_GNTDEV_DMABUF_IMP_TO_REFS"], Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS);
        Assert.Equal(headers["IOCTL_GNTDEV_DMABUF_IMP_RELEASE"], Gntdev.IOCTL_GNTDEV_DMABUF_IMP_RELEASE);
        Assert.Equal(headers["IOCTL_GNTALLOC_ALLOC_GREF"], Gntalloc.IOCTL_GNTALLOC_ALLOC_GREF);
        Assert.Equal(headers["IOCTL_GNTALLOC_SET_UNMAP_NOTIFY"], Gntalloc.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY);
        Assert.Equal(headers["IOCTL_EVTCHN_BIND_INTERDOMAIN"], Evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN);
        Assert.Equal(headers["IOCTL_EVTCHN_BIND_UNBOUND_PORT"], Evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT);
        Assert.Equal(headers["IOCTL_EVTCHN_NOTIFY"], Evtchn.IOCTL_EVTCHN_NOTIFY);
    }

    [Fact]
    public void Requests_of_video_devices_are_those_of_the_C_headers()
    {
        var requests = typeof(Videodev2).GetFields()
            .Where(field => field.Name.StartsWith("VIDIOC_", StringComparison.Ordinal))
            .ToList();
        Assert.NotEmpty(requests);
        Assert.All(requests, field => Assert.Equal(s_headers.Value[field.Name], (uint)field.GetValue(null)!));
    }

    [Theory]
    [InlineData(typeof(Udmabuf))]
    [InlineData(typeof(DmaBufUapi))]
    [InlineData(typeof(Fcntl))]
    [InlineData(typeof(Mman))]
    [InlineData(typeof(Poll))]
    [InlineData(typeof(Stat))]
    [InlineData(typeof(Socket))]
    [InlineData(typeof(Gntalloc))]
    [InlineData(typeof(Gntdev))]
    [InlineData(typeof(Errno))]
    [InlineData(typeof(Videodev2))]
    public void Constants_have_the_values_of_the_C_headers(Type type)
    {
        const BindingFlags Constants = BindingFlags.Public | BindingFlags.Static;
        var shared = type.GetFields(Constants)
            .Where(field => field.IsLiteral && s_headers.Value.ContainsKey(field.Name))
            .ToList();
        Assert.NotEmpty(shared);
        Assert.All(
            shared, field => Assert.Equal(s_headers.Value[field.Name], Convert.ToInt64(field.GetRawConstantValue())));
    }

    [Fact]
    public void Socket_addresses_have_the_bytes_that_the_kernel_expects()
    {
        var headers = s_headers.Value;
        Assert.Equal(SocketAddress.UNIX_PATH_MAX, headers["sizeof((struct sockaddr_un){0}.sun_path)"]);
        Assert.Equal(headers["sizeof sockaddr_in"], SocketAddress.Internet(System.Net.IPAddress.Loopback, 8000).Length);
        Assert.Equal(
            headers["sizeof sockaddr_in6"], SocketAddress.Internet(System.Net.IPAddress.IPv6Loopback, 8000).Length);
        var vsock = SocketAddress.Vsock(cid: 3, port: 0x01020304);
        Assert.Equal(headers["sizeof sockaddr_vm"], vsock.Length);
        Assert.Equal(0x01020304u, BitConverter.ToUInt32(vsock, (int)headers["sockaddr_vm.svm_port"]));
        Assert.Equal(3u, BitConverter.ToUInt32(vsock, (int)headers["sockaddr_vm.svm_cid"]));
        Assert.Equal(
            [2, 0, 0x1f, 0x40, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            SocketAddress.Internet(System.Net.IPAddress.Loopback, 8000));
    }
}
