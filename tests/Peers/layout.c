/*
 * Every struct layout and number that src/DmaBuf/Interop repeats, from the headers of the processor that this is
 * compiled for. As in the kernel's asm-offsets.c, the values are in the compiler's assembly output, in strings that
 * begin with ->, so that no program of another processor need run.
 */
#define _GNU_SOURCE
/* linux/vm_sockets.h needs this one without including it. */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/sockios.h>
#include <linux/udmabuf.h>
#include <linux/videodev2.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/* xen/gntdev.h uses these types without defining them. */
typedef unsigned int grant_ref_t;
typedef unsigned short domid_t;
#include <xen/evtchn.h>
#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#define VALUE(name, value) __asm__ volatile("\n.ascii \"->" name " %0\"" : : "i" ((long long)(value)))
#define NUMBER(name) VALUE(#name, name)
#define SIZE(type) VALUE("sizeof " #type, sizeof(struct type))
#define AT(type, field) VALUE(#type "." #field, offsetof(struct type, field))

#ifndef DMA_BUF_MAGIC
#define DMA_BUF_MAGIC 0x444d4142
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

int main(void)
{
    SIZE(udmabuf_create); AT(udmabuf_create, memfd); AT(udmabuf_create, flags);
    AT(udmabuf_create, offset); AT(udmabuf_create, size);
    SIZE(udmabuf_create_item); AT(udmabuf_create_item, memfd);
    AT(udmabuf_create_item, offset); AT(udmabuf_create_item, size);
    SIZE(udmabuf_create_list); AT(udmabuf_create_list, flags); AT(udmabuf_create_list, count);
    SIZE(dma_buf_sync); AT(dma_buf_sync, flags);
    SIZE(dma_heap_allocation_data); AT(dma_heap_allocation_data, len); AT(dma_heap_allocation_data, fd);
    AT(dma_heap_allocation_data, fd_flags); AT(dma_heap_allocation_data, heap_flags);
    SIZE(statx); AT(statx, stx_mode); AT(statx, stx_ino); AT(statx, stx_size);
    SIZE(pollfd); AT(pollfd, events); AT(pollfd, revents);
    SIZE(msghdr); AT(msghdr, msg_iov); AT(msghdr, msg_control); AT(msghdr, msg_controllen); AT(msghdr, msg_flags);
    SIZE(cmsghdr); AT(cmsghdr, cmsg_level); AT(cmsghdr, cmsg_type);
    AT(cmsghdr, cmsg_len); SIZE(iovec); AT(iovec, iov_len); SIZE(ucred); AT(ucred, uid); AT(ucred, gid);
    SIZE(sysinfo); AT(sysinfo, freeram); AT(sysinfo, mem_unit);
    NUMBER(UDMABUF_CREATE); NUMBER(UDMABUF_CREATE_LIST); NUMBER(UDMABUF_FLAGS_CLOEXEC);
    NUMBER(DMA_BUF_IOCTL_SYNC); NUMBER(DMA_BUF_SET_NAME_B); NUMBER(DMA_BUF_NAME_LEN); NUMBER(DMA_BUF_MAGIC);
    NUMBER(HUGETLBFS_MAGIC);
    NUMBER(DMA_BUF_SYNC_READ); NUMBER(DMA_BUF_SYNC_WRITE); NUMBER(DMA_BUF_SYNC_START); NUMBER(DMA_BUF_SYNC_END);
    NUMBER(DMA_HEAP_IOCTL_ALLOC);
    NUMBER(F_SEAL_SEAL); NUMBER(F_SEAL_SHRINK); NUMBER(F_SEAL_GROW); NUMBER(F_SEAL_WRITE); NUMBER(F_SEAL_FUTURE_WRITE);
    NUMBER(O_RDWR); NUMBER(O_WRONLY); NUMBER(O_RDONLY); NUMBER(O_ACCMODE); NUMBER(O_CLOEXEC);
    NUMBER(POLLIN); NUMBER(POLLOUT); NUMBER(POLLRDHUP);
    NUMBER(AF_UNIX); NUMBER(AF_INET); NUMBER(AF_INET6); NUMBER(AF_VSOCK);
    NUMBER(SOCK_STREAM); NUMBER(SOCK_DGRAM); NUMBER(MSG_CTRUNC); NUMBER(S_IFMT); NUMBER(S_IFSOCK);
    NUMBER(PROT_READ); NUMBER(PROT_WRITE); NUMBER(VMADDR_CID_ANY);
    VALUE("UNIX_PATH_MAX", sizeof(((struct sockaddr_un *)0)->sun_path)); SIZE(sockaddr_in); SIZE(sockaddr_in6);
    SIZE(sockaddr_vm);
    AT(sockaddr_vm, svm_port); AT(sockaddr_vm, svm_cid);
    NUMBER(EPERM); NUMBER(ENOENT); NUMBER(ESRCH); NUMBER(EINTR); NUMBER(EAGAIN); NUMBER(ENOMEM); NUMBER(EACCES);
    NUMBER(EBUSY);
    NUMBER(EINVAL); NUMBER(EMFILE); NUMBER(ENOTTY); NUMBER(ENOSPC); NUMBER(EPIPE); NUMBER(ENAMETOOLONG);
    NUMBER(EBADFD); NUMBER(EPROTOTYPE); NUMBER(EAFNOSUPPORT); NUMBER(EADDRINUSE); NUMBER(EADDRNOTAVAIL);
    NUMBER(ECONNABORTED); NUMBER(ECONNRESET); NUMBER(ETIMEDOUT); NUMBER(ECONNREFUSED); NUMBER(EINPROGRESS);
    SIZE(ioctl_gntdev_grant_ref); AT(ioctl_gntdev_grant_ref, domid);
    SIZE(ioctl_gntdev_map_grant_ref); AT(ioctl_gntdev_map_grant_ref, index); AT(ioctl_gntdev_map_grant_ref, refs);
    SIZE(ioctl_gntdev_unmap_grant_ref); AT(ioctl_gntdev_unmap_grant_ref, index);
    AT(ioctl_gntdev_unmap_grant_ref, count);
    SIZE(ioctl_gntdev_unmap_notify); AT(ioctl_gntdev_unmap_notify, index);
    AT(ioctl_gntdev_unmap_notify, action); AT(ioctl_gntdev_unmap_notify, event_channel_port);
    SIZE(ioctl_gntdev_dmabuf_exp_from_refs); AT(ioctl_gntdev_dmabuf_exp_from_refs, count);
    AT(ioctl_gntdev_dmabuf_exp_from_refs, fd); AT(ioctl_gntdev_dmabuf_exp_from_refs, domid);
    AT(ioctl_gntdev_dmabuf_exp_from_refs, refs);
    SIZE(ioctl_gntdev_dmabuf_exp_wait_released); AT(ioctl_gntdev_dmabuf_exp_wait_released, wait_to_ms);
    SIZE(ioctl_gntdev_dmabuf_imp_to_refs); AT(ioctl_gntdev_dmabuf_imp_to_refs, count);
    AT(ioctl_gntdev_dmabuf_imp_to_refs, domid); AT(ioctl_gntdev_dmabuf_imp_to_refs, refs);
    SIZE(ioctl_gntdev_dmabuf_imp_release);
    SIZE(ioctl_gntalloc_alloc_gref); AT(ioctl_gntalloc_alloc_gref, flags); AT(ioctl_gntalloc_alloc_gref, count);
    AT(ioctl_gntalloc_alloc_gref, index); AT(ioctl_gntalloc_alloc_gref, gref_ids);
    SIZE(ioctl_gntalloc_unmap_notify); AT(ioctl_gntalloc_unmap_notify, action);
    AT(ioctl_gntalloc_unmap_notify, event_channel_port);
    SIZE(ioctl_evtchn_bind_interdomain); AT(ioctl_evtchn_bind_interdomain, remote_port);
    NUMBER(IOCTL_GNTALLOC_SET_UNMAP_NOTIFY); NUMBER(IOCTL_EVTCHN_BIND_INTERDOMAIN);
    NUMBER(IOCTL_EVTCHN_BIND_UNBOUND_PORT); NUMBER(IOCTL_EVTCHN_NOTIFY); NUMBER(UNMAP_NOTIFY_SEND_EVENT);
    NUMBER(IOCTL_GNTDEV_SET_UNMAP_NOTIFY); NUMBER(UNMAP_NOTIFY_CLEAR_BYTE); NUMBER(IOCTL_GNTDEV_MAP_GRANT_REF);
    NUMBER(IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS); NUMBER(IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED);
    NUMBER(IOCTL_GNTDEV_DMABUF_IMP_TO_REFS); NUMBER(IOCTL_GNTDEV_UNMAP_GRANT_REF);
    NUMBER(IOCTL_GNTDEV_DMABUF_IMP_RELEASE); NUMBER(IOCTL_GNTALLOC_ALLOC_GREF); NUMBER(GNTALLOC_FLAG_WRITABLE);
    SIZE(v4l2_capability); AT(v4l2_capability, driver); AT(v4l2_capability, card); AT(v4l2_capability, bus_info);
    AT(v4l2_capability, version); AT(v4l2_capability, capabilities); AT(v4l2_capability, device_caps);
    SIZE(v4l2_fmtdesc); AT(v4l2_fmtdesc, type); AT(v4l2_fmtdesc, flags); AT(v4l2_fmtdesc, description);
    AT(v4l2_fmtdesc, pixelformat); SIZE(v4l2_frmsizeenum); AT(v4l2_frmsizeenum, pixel_format);
    AT(v4l2_frmsizeenum, type); AT(v4l2_frmsizeenum, discrete); AT(v4l2_frmsizeenum, stepwise);
    SIZE(v4l2_frmsize_stepwise); AT(v4l2_frmsize_stepwise, max_width); AT(v4l2_frmsize_stepwise, step_width);
    AT(v4l2_frmsize_stepwise, min_height); AT(v4l2_frmsize_stepwise, max_height);
    AT(v4l2_frmsize_stepwise, step_height); SIZE(v4l2_frmivalenum); AT(v4l2_frmivalenum, pixel_format);
    AT(v4l2_frmivalenum, width); AT(v4l2_frmivalenum, height); AT(v4l2_frmivalenum, type);
    AT(v4l2_frmivalenum, discrete); AT(v4l2_frmivalenum, stepwise); SIZE(v4l2_frmival_stepwise);
    AT(v4l2_frmival_stepwise, max); AT(v4l2_frmival_stepwise, step); SIZE(v4l2_input); AT(v4l2_input, name);
    AT(v4l2_input, type); AT(v4l2_input, std); AT(v4l2_input, status); AT(v4l2_input, capabilities);
    SIZE(v4l2_pix_format); AT(v4l2_pix_format, width); AT(v4l2_pix_format, pixelformat); AT(v4l2_pix_format, field);
    AT(v4l2_pix_format, bytesperline); AT(v4l2_pix_format, sizeimage); AT(v4l2_pix_format, xfer_func);
    SIZE(v4l2_plane_pix_format); AT(v4l2_plane_pix_format, sizeimage); AT(v4l2_plane_pix_format, bytesperline);
    SIZE(v4l2_pix_format_mplane); AT(v4l2_pix_format_mplane, width); AT(v4l2_pix_format_mplane, pixelformat);
    AT(v4l2_pix_format_mplane, field); AT(v4l2_pix_format_mplane, plane_fmt); AT(v4l2_pix_format_mplane, num_planes);
    AT(v4l2_pix_format_mplane, xfer_func); SIZE(v4l2_format); AT(v4l2_format, fmt); SIZE(v4l2_captureparm);
    AT(v4l2_captureparm, capability); AT(v4l2_captureparm, timeperframe); AT(v4l2_captureparm, readbuffers);
    SIZE(v4l2_streamparm); AT(v4l2_streamparm, parm); SIZE(v4l2_requestbuffers); AT(v4l2_requestbuffers, count);
    AT(v4l2_requestbuffers, type); AT(v4l2_requestbuffers, memory); AT(v4l2_requestbuffers, capabilities);
    AT(v4l2_requestbuffers, flags); SIZE(v4l2_plane); AT(v4l2_plane, bytesused); AT(v4l2_plane, length);
    AT(v4l2_plane, m); AT(v4l2_plane, data_offset); SIZE(v4l2_timecode); AT(v4l2_timecode, frames);
    AT(v4l2_timecode, userbits); SIZE(v4l2_buffer); AT(v4l2_buffer, type); AT(v4l2_buffer, bytesused);
    AT(v4l2_buffer, flags); AT(v4l2_buffer, field); AT(v4l2_buffer, timestamp); AT(v4l2_buffer, timecode);
    AT(v4l2_buffer, sequence); AT(v4l2_buffer, memory); AT(v4l2_buffer, m); AT(v4l2_buffer, length);
    AT(v4l2_buffer, request_fd); SIZE(v4l2_exportbuffer); AT(v4l2_exportbuffer, type); AT(v4l2_exportbuffer, index);
    AT(v4l2_exportbuffer, plane); AT(v4l2_exportbuffer, flags); AT(v4l2_exportbuffer, fd); NUMBER(VIDEO_MAX_PLANES);
    NUMBER(V4L2_CAP_VIDEO_CAPTURE); NUMBER(V4L2_CAP_VIDEO_OUTPUT); NUMBER(V4L2_CAP_VBI_CAPTURE);
    NUMBER(V4L2_CAP_VBI_OUTPUT); NUMBER(V4L2_CAP_SLICED_VBI_CAPTURE); NUMBER(V4L2_CAP_SLICED_VBI_OUTPUT);
    NUMBER(V4L2_CAP_VIDEO_CAPTURE_MPLANE); NUMBER(V4L2_CAP_VIDEO_OUTPUT_MPLANE); NUMBER(V4L2_CAP_VIDEO_M2M_MPLANE);
    NUMBER(V4L2_CAP_VIDEO_M2M); NUMBER(V4L2_CAP_META_CAPTURE); NUMBER(V4L2_CAP_STREAMING);
    NUMBER(V4L2_CAP_META_OUTPUT); NUMBER(V4L2_CAP_DEVICE_CAPS); NUMBER(V4L2_BUF_TYPE_VIDEO_CAPTURE);
    NUMBER(V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE); NUMBER(V4L2_MEMORY_MMAP); NUMBER(V4L2_MEMORY_USERPTR);
    NUMBER(V4L2_MEMORY_DMABUF); NUMBER(V4L2_FIELD_NONE); NUMBER(V4L2_FMT_FLAG_COMPRESSED);
    NUMBER(V4L2_FMT_FLAG_EMULATED); NUMBER(V4L2_FRMSIZE_TYPE_DISCRETE); NUMBER(V4L2_FRMIVAL_TYPE_DISCRETE);
    NUMBER(V4L2_CAP_TIMEPERFRAME); NUMBER(V4L2_BUF_FLAG_ERROR); NUMBER(V4L2_INPUT_TYPE_TUNER);
    NUMBER(V4L2_INPUT_TYPE_CAMERA); NUMBER(V4L2_INPUT_TYPE_TOUCH); NUMBER(V4L2_IN_ST_NO_POWER);
    NUMBER(V4L2_IN_ST_NO_SIGNAL); NUMBER(VIDIOC_QUERYCAP); NUMBER(VIDIOC_ENUM_FMT); NUMBER(VIDIOC_G_FMT);
    NUMBER(VIDIOC_S_FMT); NUMBER(VIDIOC_REQBUFS); NUMBER(VIDIOC_QUERYBUF); NUMBER(VIDIOC_QBUF); NUMBER(VIDIOC_EXPBUF);
    NUMBER(VIDIOC_DQBUF); NUMBER(VIDIOC_STREAMON); NUMBER(VIDIOC_STREAMOFF); NUMBER(VIDIOC_G_PARM);
    NUMBER(VIDIOC_S_PARM); NUMBER(VIDIOC_ENUMINPUT); NUMBER(VIDIOC_G_INPUT); NUMBER(VIDIOC_S_INPUT);
    NUMBER(VIDIOC_ENUM_FRAMESIZES); NUMBER(VIDIOC_ENUM_FRAMEINTERVALS);
    NUMBER(EIO); NUMBER(ENXIO); NUMBER(EBADF); NUMBER(EFAULT); NUMBER(EEXIST); NUMBER(ENODEV); NUMBER(ENOTDIR);
    NUMBER(EISDIR); NUMBER(ENFILE); NUMBER(EFBIG); NUMBER(ESPIPE); NUMBER(EROFS); NUMBER(ENOSYS); NUMBER(ENOLINK);
    NUMBER(EPROTO); NUMBER(EOVERFLOW); NUMBER(ENOTSOCK); NUMBER(EMSGSIZE); NUMBER(EPROTONOSUPPORT);
    NUMBER(EOPNOTSUPP); NUMBER(ENETDOWN); NUMBER(ENETUNREACH); NUMBER(ENOBUFS); NUMBER(EHOSTUNREACH);
    NUMBER(O_CREAT); NUMBER(O_TRUNC); NUMBER(O_NONBLOCK); NUMBER(F_GETFL); NUMBER(F_DUPFD_CLOEXEC);
    NUMBER(F_ADD_SEALS); NUMBER(F_GET_SEALS); NUMBER(MAP_SHARED); NUMBER(MAP_NORESERVE); NUMBER(MAP_POPULATE);
    NUMBER(MFD_CLOEXEC); NUMBER(MFD_ALLOW_SEALING); NUMBER(MFD_HUGETLB); NUMBER(EFD_CLOEXEC); NUMBER(EFD_NONBLOCK);
    NUMBER(MSG_CMSG_CLOEXEC); NUMBER(SCM_RIGHTS); NUMBER(SOL_SOCKET); NUMBER(MSG_NOSIGNAL); NUMBER(SOCK_NONBLOCK);
    NUMBER(SOCK_CLOEXEC); NUMBER(SO_REUSEADDR); NUMBER(SO_ERROR); NUMBER(SO_KEEPALIVE); NUMBER(SO_PEERCRED);
    NUMBER(IPPROTO_TCP); NUMBER(TCP_KEEPIDLE); NUMBER(TCP_KEEPINTVL); NUMBER(TCP_KEEPCNT); NUMBER(SIOCOUTQ);
    NUMBER(VMADDR_CID_HOST); NUMBER(S_IFIFO); NUMBER(S_IFDIR); NUMBER(S_IFREG); NUMBER(AT_FDCWD);
    NUMBER(AT_SYMLINK_NOFOLLOW); NUMBER(AT_EMPTY_PATH); NUMBER(STATX_BASIC_STATS); NUMBER(CLOCK_MONOTONIC);
    SIZE(epoll_event); NUMBER(EPOLL_CLOEXEC); NUMBER(EPOLL_CTL_ADD); NUMBER(EPOLL_CTL_MOD); NUMBER(EPOLLRDHUP);
    NUMBER(EPOLLET);
    NUMBER(TFD_CLOEXEC); NUMBER(TFD_NONBLOCK); NUMBER(SEEK_SET); NUMBER(SEEK_END);
    SIZE(itimerspec); VALUE("itimerspec.it_value_sec", offsetof(struct itimerspec, it_value.tv_sec));
    VALUE("itimerspec.it_value_nsec", offsetof(struct itimerspec, it_value.tv_nsec));
    SIZE(ioctl_evtchn_bind_unbound_port); SIZE(ioctl_evtchn_notify); AT(statx, stx_mtime); SIZE(statx_timestamp);
    AT(statx_timestamp, tv_nsec);
    return 0;
}
