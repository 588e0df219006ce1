using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Compares src/DmaBuf/Interop with the headers of one processor.</summary>
/// <param name="headers">What the headers say.</param>
public abstract class HeaderTests(Lazy<Dictionary<string, long>> headers)
{
    private const string Mark = ".ascii \"->";
    private const string Constant = "^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$";

    /// <summary>
    /// What is in no header of libc6-dev: macros of asm-generic/ioctl.h with a prefix, numbers of the kernel's own
    /// sources, and one of Xen's headers (xen/io/xs_wire.h).
    /// </summary>
    private static readonly string[] s_withoutHeader =
        ["IOC_NONE", "IOC_WRITE", "IOC_READ", "ENOTSUPP", "LAST_RESERVED_PORT", "XENSTORE_PAYLOAD_MAX"];

    /// <summary>Reads what a compiler's headers say.</summary>
    private protected static Lazy<Dictionary<string, long>> Read(string compiler, string packages) => new(() =>
        CProgram.ToAssembly("layout", compiler, packages)
            .Where(line => line.StartsWith(Mark, StringComparison.Ordinal))
            .Select(line => line[Mark.Length..].TrimEnd('"'))
            .Select(line => (Line: line, At: line.LastIndexOf(' ')))
            .ToDictionary(
                value => value.Line[..value.At],
                // A processor's assembly language may mark numbers.
                value => long.Parse(value.Line[value.At..].Trim(' ', '$', '#'))));

    [Fact]
    public void Structs_have_the_sizes_of_the_C_headers()
    {
        var values = headers.Value;
        Assert.Equal(values["sizeof udmabuf_create"], Unsafe.SizeOf<Udmabuf.udmabuf_create>());
        Assert.Equal(values["sizeof udmabuf_create_item"], Unsafe.SizeOf<Udmabuf.udmabuf_create_item>());
        Assert.Equal(values["sizeof udmabuf_create_list"], Unsafe.SizeOf<Udmabuf.udmabuf_create_list>());
        Assert.Equal(values["sizeof dma_buf_sync"], Unsafe.SizeOf<DmaBufUapi.dma_buf_sync>());
        Assert.Equal(values["sizeof dma_heap_allocation_data"], Unsafe.SizeOf<DmaHeap.dma_heap_allocation_data>());
        Assert.Equal(values["sizeof ioctl_gntdev_grant_ref"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_grant_ref>());
        Assert.Equal(values["sizeof ioctl_gntdev_map_grant_ref"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_map_grant_ref>());
        Assert.Equal(
            values["sizeof ioctl_gntdev_unmap_grant_ref"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_unmap_grant_ref>());
        Assert.Equal(values["sizeof ioctl_gntdev_unmap_notify"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_unmap_notify>());
        Assert.Equal(
            values["sizeof ioctl_gntdev_dmabuf_exp_from_refs"],
            Unsafe.SizeOf<Gntdev.ioctl_gntdev_dmabuf_exp_from_refs>());
        Assert.Equal(
            values["sizeof ioctl_gntdev_dmabuf_imp_to_refs"], Unsafe.SizeOf<Gntdev.ioctl_gntdev_dmabuf_imp_to_refs>());
        Assert.Equal(values["sizeof ioctl_gntalloc_alloc_gref"], Unsafe.SizeOf<Gntalloc.ioctl_gntalloc_alloc_gref>());
        Assert.Equal(
            values["sizeof ioctl_gntalloc_unmap_notify"], Unsafe.SizeOf<Gntalloc.ioctl_gntalloc_unmap_notify>());
        Assert.Equal(
            values["sizeof ioctl_evtchn_bind_interdomain"], Unsafe.SizeOf<Evtchn.ioctl_evtchn_bind_interdomain>());
        Assert.Equal(values["sizeof statx"], Unsafe.SizeOf<Stat.statx>());
        Assert.Equal(values["sizeof pollfd"], Unsafe.SizeOf<Poll.pollfd>());
        Assert.Equal(values["sizeof msghdr"], Unsafe.SizeOf<ScmRights.msghdr>());
        Assert.Equal(values["sizeof cmsghdr"], Unsafe.SizeOf<ScmRights.cmsghdr>());
        Assert.Equal(values["sizeof iovec"], Unsafe.SizeOf<ScmRights.iovec>());
        Assert.Equal(values["sizeof sysinfo"], Unsafe.SizeOf<Sysinfo.sysinfo>());
        Assert.Equal(values["sizeof itimerspec"], Unsafe.SizeOf<Timerfd.itimerspec>());
        Assert.Equal(values["sizeof statx_timestamp"], Unsafe.SizeOf<Stat.statx_timestamp>());
        Assert.Equal(
            values["sizeof ioctl_evtchn_bind_unbound_port"], Unsafe.SizeOf<Evtchn.ioctl_evtchn_bind_unbound_port>());
        Assert.Equal(values["sizeof ioctl_evtchn_notify"], Unsafe.SizeOf<Evtchn.ioctl_evtchn_notify>());
        Assert.Equal(values["sizeof ucred"], Unsafe.SizeOf<Socket.ucred>());
        Assert.InRange(values["sizeof epoll_event"], 1, Epoll.EventSize);
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
        Assert.Equal(headers.Value[$"sizeof {type.Name}"], Marshal.SizeOf(type));

    [Theory]
    [InlineData(typeof(Udmabuf.udmabuf_create))]
    [InlineData(typeof(Udmabuf.udmabuf_create_item))]
    [InlineData(typeof(Udmabuf.udmabuf_create_list))]
    [InlineData(typeof(DmaBufUapi.dma_buf_sync))]
    [InlineData(typeof(DmaHeap.dma_heap_allocation_data))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_grant_ref))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_map_grant_ref))]
    [InlineData(typeof(Gntdev.ioctl_gntdev_unmap_grant_ref))]
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
    [InlineData(typeof(ScmRights.iovec))]
    [InlineData(typeof(Socket.ucred))]
    [InlineData(typeof(Stat.statx_timestamp))]
    [InlineData(typeof(Timerfd.itimerspec))]
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
        var fields = headers.Value
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
        var values = headers.Value;
        Assert.Equal(values["UDMABUF_CREATE"], Udmabuf.UDMABUF_CREATE);
        Assert.Equal(values["UDMABUF_CREATE_LIST"], Udmabuf.UDMABUF_CREATE_LIST);
        Assert.Equal(values["DMA_BUF_IOCTL_SYNC"], DmaBufUapi.DMA_BUF_IOCTL_SYNC);
        Assert.Equal(values["DMA_BUF_SET_NAME_B"], DmaBufUapi.DMA_BUF_SET_NAME_B);
        Assert.Equal(values["DMA_HEAP_IOCTL_ALLOC"], DmaHeap.DMA_HEAP_IOCTL_ALLOC);
        Assert.Equal(values["IOCTL_GNTDEV_MAP_GRANT_REF"], Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF);
        Assert.Equal(values["IOCTL_GNTDEV_UNMAP_GRANT_REF"], Gntdev.IOCTL_GNTDEV_UNMAP_GRANT_REF);
        Assert.Equal(values["IOCTL_GNTDEV_SET_UNMAP_NOTIFY"], Gntdev.IOCTL_GNTDEV_SET_UNMAP_NOTIFY);
        Assert.Equal(values["IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS"], Gntdev.IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS);
        Assert.Equal(values["IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED"], Gntdev.IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED);
        Assert.Equal(values["IOCTL_GNTDEV_DMABUF_IMP_TO_REFS"], Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS);
        Assert.Equal(values["IOCTL_GNTDEV_DMABUF_IMP_RELEASE"], Gntdev.IOCTL_GNTDEV_DMABUF_IMP_RELEASE);
        Assert.Equal(values["IOCTL_GNTALLOC_ALLOC_GREF"], Gntalloc.IOCTL_GNTALLOC_ALLOC_GREF);
        Assert.Equal(values["IOCTL_GNTALLOC_SET_UNMAP_NOTIFY"], Gntalloc.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY);
        Assert.Equal(values["IOCTL_EVTCHN_BIND_INTERDOMAIN"], Evtchn.IOCTL_EVTCHN_BIND_INTERDOMAIN);
        Assert.Equal(values["IOCTL_EVTCHN_BIND_UNBOUND_PORT"], Evtchn.IOCTL_EVTCHN_BIND_UNBOUND_PORT);
        Assert.Equal(values["IOCTL_EVTCHN_NOTIFY"], Evtchn.IOCTL_EVTCHN_NOTIFY);
    }

    [Fact]
    public void Requests_of_video_devices_are_those_of_the_C_headers()
    {
        var requests = typeof(Videodev2).GetFields()
            .Where(field => field.Name.StartsWith("VIDIOC_", StringComparison.Ordinal))
            .ToList();
        Assert.NotEmpty(requests);
        Assert.All(requests, field => Assert.Equal(headers.Value[field.Name], (uint)field.GetValue(null)!));
    }

    [Fact]
    public void Every_constant_has_the_value_of_the_C_headers()
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static;
        var constants = typeof(Ioctl).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(Ioctl).Namespace && type != typeof(Sdl2))
            .SelectMany(type => type.GetFields(All))
            .Where(field => field.IsLiteral && field.FieldType.IsPrimitive && Regex.IsMatch(field.Name, Constant))
            .Where(field => !s_withoutHeader.Contains(field.Name))
            .ToList();
        Assert.NotEmpty(constants);
        Assert.All(constants, field =>
            Assert.Equal(
                headers.Value.GetValueOrDefault(field.Name, long.MinValue),
                Convert.ToInt64(field.GetRawConstantValue())));
    }

    [Fact]
    public void Socket_addresses_have_the_bytes_that_the_kernel_expects()
    {
        var values = headers.Value;
        Assert.Equal(values["sizeof sockaddr_in"], SocketAddress.Internet(System.Net.IPAddress.Loopback, 8000).Length);
        Assert.Equal(
            values["sizeof sockaddr_in6"], SocketAddress.Internet(System.Net.IPAddress.IPv6Loopback, 8000).Length);
        var vsock = SocketAddress.Vsock(cid: 3, port: 0x01020304);
        Assert.Equal(values["sizeof sockaddr_vm"], vsock.Length);
        Assert.Equal(0x01020304u, BitConverter.ToUInt32(vsock, (int)values["sockaddr_vm.svm_port"]));
        Assert.Equal(3u, BitConverter.ToUInt32(vsock, (int)values["sockaddr_vm.svm_cid"]));
        Assert.Equal(
            [2, 0, 0x1f, 0x40, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            SocketAddress.Internet(System.Net.IPAddress.Loopback, 8000));
    }
}
