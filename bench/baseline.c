/*
 * The module's work in plain C, with which the benchmarks compare the module.
 *
 * As a shared library, its functions run in the measuring process, on the same buffer as their C# counterparts. Each
 * returns 0 or an errno. As a program, it does one whole job: baseline SIZE FILE creates a buffer, fills it and writes
 * it to a file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct buffer {
    int fd;
    int is_dmabuf;
    size_t size;
    unsigned char *map;
};

/* Keeps the compiler from removing a copy whose result is unused, or the malloc around it. */
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

static int bracket(const struct buffer *buffer, __u64 flags)
{
    struct dma_buf_sync sync = { .flags = flags };
    int result;
    if (!buffer->is_dmabuf)
        return 0;
    do
        result = ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync);
    while (result < 0 && (errno == EINTR || errno == EAGAIN));
    return result < 0 ? errno : 0;
}

static int start(const struct buffer *buffer, __u64 access)
{
    return bracket(buffer, DMA_BUF_SYNC_START | access);
}

static int end(const struct buffer *buffer, __u64 access)
{
    return bracket(buffer, DMA_BUF_SYNC_END | access);
}

/* Maps a buffer once for all calls below. The caller keeps the descriptor. */
struct buffer *baseline_open(int fd, size_t size, int is_dmabuf)
{
    struct buffer *buffer = malloc(sizeof(*buffer));
    *buffer = (struct buffer){ .fd = fd, .is_dmabuf = is_dmabuf, .size = size };
    buffer->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (buffer->map != MAP_FAILED)
        return buffer;
    free(buffer);
    return NULL;
}

void baseline_close(struct buffer *buffer)
{
    munmap(buffer->map, buffer->size);
    free(buffer);
}

int baseline_write(struct buffer *buffer, const void *source)
{
    int error = start(buffer, DMA_BUF_SYNC_RW);
    if (error)
        return error;
    memcpy(buffer->map, source, buffer->size);
    return end(buffer, DMA_BUF_SYNC_RW);
}

int baseline_read(struct buffer *buffer, void *target)
{
    int error = start(buffer, DMA_BUF_SYNC_READ);
    if (error)
        return error;
    memcpy(target, buffer->map, buffer->size);
    KEEP(target);
    return end(buffer, DMA_BUF_SYNC_READ);
}

/* Reads into newly allocated memory, as a caller does who has none yet. */
int baseline_read_new(struct buffer *buffer)
{
    void *target = malloc(buffer->size);
    int error = target ? baseline_read(buffer, target) : ENOMEM;
    free(target);
    return error;
}

/* SHA-256 by the same libcrypto as .NET uses. It is loaded with dlopen, because its headers are rarely installed. */
int baseline_hash(struct buffer *buffer, unsigned char *digest)
{
    static int (*evp_digest)(const void *, size_t, unsigned char *, unsigned *, const void *, void *);
    static const void *(*evp_sha256)(void);
    int error, done;
    if (!evp_digest) {
        void *crypto = dlopen("libcrypto.so.3", RTLD_NOW);
        if (!crypto)
            return ENOENT;
        evp_sha256 = (const void *(*)(void))dlsym(crypto, "EVP_sha256");
        *(void **)&evp_digest = dlsym(crypto, "EVP_Digest");
    }
    if ((error = start(buffer, DMA_BUF_SYNC_READ)))
        return error;
    done = evp_digest(buffer->map, buffer->size, digest, NULL, evp_sha256(), NULL);
    error = end(buffer, DMA_BUF_SYNC_READ);
    return done ? error : EIO;
}

int baseline_write_file(struct buffer *buffer, const char *path)
{
    size_t done = 0;
    int error, file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0)
        return errno;
    error = start(buffer, DMA_BUF_SYNC_READ);
    while (!error && done < buffer->size) {
        ssize_t count = write(file, buffer->map + done, buffer->size - done);
        if (count >= 0)
            done += count;
        else if (errno != EINTR)
            error = errno;
    }
    if (!error)
        error = end(buffer, DMA_BUF_SYNC_READ);
    close(file);
    return error;
}

/* Creates a sealed memfd with its pages allocated, or a udmabuf of a sealed memfd. Returns a descriptor, or -1. */
static int create(size_t size, int is_dmabuf)
{
    int fd, device, memfd = memfd_create("baseline", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memfd < 0 || ftruncate(memfd, size) < 0 || fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
        return -1;
    if (!is_dmabuf)
        return fallocate(memfd, 0, 0, size) < 0 ? -1 : memfd;
    device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
    struct udmabuf_create request = { .memfd = memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
    fd = ioctl(device, UDMABUF_CREATE, &request);
    close(device);
    close(memfd);
    return fd;
}

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    return address;
}

/* Returns a listening socket, or -1. */
int baseline_listen(const char *path)
{
    struct sockaddr_un address = unix_address(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path);
    return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0 ? -1 : fd;
}

static int pass(int socket, int fd)
{
    char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec data = { .iov_base = "A", .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int take(int socket)
{
    char control[CMSG_SPACE(sizeof(int))], byte;
    struct iovec data = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
    };
    int fd = -1;
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    return fd;
}

/*
 * Creates a buffer, connects, sends it, receives it at the listener, asks for its size, maps it and reads its first
 * byte. This thread plays both sides, so that no scheduling is measured.
 */
int baseline_hand_off(int listener, const char *path, size_t size, int is_dmabuf)
{
    struct sockaddr_un address = unix_address(path);
    int buffer = create(size, is_dmabuf);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int connected = connect(client, (struct sockaddr *)&address, sizeof(address));
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int received = connected < 0 || pass(client, buffer) < 0 ? -1 : take(server);
    struct buffer *mapped = received < 0 ? NULL : baseline_open(received, lseek(received, 0, SEEK_END), is_dmabuf);
    int error = mapped ? start(mapped, DMA_BUF_SYNC_READ) : errno;
    if (mapped) {
        unsigned char first = *(volatile unsigned char *)mapped->map;
        KEEP(&first);
        error = error ? error : end(mapped, DMA_BUF_SYNC_READ);
        baseline_close(mapped);
    }
    close(received);
    close(server);
    close(client);
    close(buffer);
    return error;
}

int main(int argc, char **argv)
{
    size_t size = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
    int is_dmabuf = access("/dev/udmabuf", R_OK | W_OK) == 0;
    struct buffer *buffer = size ? baseline_open(create(size, is_dmabuf), size, is_dmabuf) : NULL;
    int error = buffer ? start(buffer, DMA_BUF_SYNC_RW) : EINVAL;
    if (!error) {
        memset(buffer->map, 0x5a, size);
        error = end(buffer, DMA_BUF_SYNC_RW);
    }
    if (!error)
        error = baseline_write_file(buffer, argv[2]);
    if (error)
        fprintf(stderr, "baseline SIZE FILE: %s\n", strerror(error));
    return error != 0;
}
