/*
 * The other side of a stream of frames, written in C from the wire format alone (docs/video-protocol.md): integers of
 * 32 and 64 bits, big-endian, over TCP. The receiver listens and the sender connects.
 *
 *   video sender      HOST PORT WIDTH HEIGHT FRAMES            copies YUYV frames of four buffers over the stream
 *   video receiver    PORT [FRAMES]
 *   video sender_zc   HOST PORT WIDTH HEIGHT FRAMES DOMAIN OWN shares four buffers of the grant allocator with a domain
 *   video receiver_zc PORT [FRAMES]                            maps the buffers that another domain shares
 *
 * Each frame is filled with the byte of its number. A receiver prints the hello, then for each frame its number, bytes
 * and first and last byte, and at the end how many frames came and in how many nanoseconds. A sender prints the number
 * of frames and, for zero copy, the median time from a frame to its ack in nanoseconds.
 *
 * For measuring, with VIDEO_READY=1: the sender fills its buffers once and then sends them in turn, the receiver prints
 * no frames, and the zero-copy roles share no buffers. A PORT that begins with a slash is a unix socket.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* xen/gntdev.h uses these types without defining them. */
typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;
#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#define PAGE 4096
#define BUFFERS 4
#define MOST_REFS 4000
#define STREAM_MAGIC 0x56344c42
#define FRAME_MAGIC 0x5652464d
#define HANDLE_MAGIC 0x56484e44
#define VERSION 2
#define YUYV 0x56595559
#define DIRECT 1

struct hello {
    uint32_t magic, version, width, height, format, size, buffers;
};

struct copy_head {
    uint32_t magic, index, bytes, flags;
    uint64_t sequence, seconds, microseconds;
} __attribute__((packed));

struct handle {
    uint32_t magic, flags;
    uint64_t id, length;
    uint32_t count, page_size, domain, reserved, refs[MOST_REFS];
} __attribute__((packed));

struct shared_head {
    uint32_t magic, index, bytes, flags;
    uint64_t id, sequence, seconds, microseconds;
} __attribute__((packed));

struct ack {
    uint32_t magic, status;
    uint64_t id, sequence;
} __attribute__((packed));

static int is_measuring;

static long check(long result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", call, strerror(errno));
        exit(1);
    }
    return result;
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct addrinfo *resolve(const char *host, const char *port)
{
    static struct sockaddr_un path = { .sun_family = AF_UNIX };
    static struct addrinfo unix_address = {
        .ai_family = AF_UNIX, .ai_addr = (struct sockaddr *)&path, .ai_addrlen = sizeof(path),
    };
    if (port[0] == '/') {
        strncpy(path.sun_path, port, sizeof(path.sun_path) - 1);
        return &unix_address;
    }
    int flags = host ? 0 : AI_PASSIVE;
    struct addrinfo *address, hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = flags };
    check(getaddrinfo(host, port, &hints, &address) ? -1 : 0, "getaddrinfo");
    return address;
}

static int accept_one(const char *port)
{
    struct addrinfo *address = resolve(NULL, port);
    int listener = check(socket(address->ai_family, SOCK_STREAM, 0), "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    check(bind(listener, address->ai_addr, address->ai_addrlen), "bind");
    check(listen(listener, 1), "listen");
    puts("listening");
    fflush(stdout);
    return check(accept(listener, NULL, NULL), "accept");
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo *address = resolve(host, port);
    /* Retries, because the other side may still be starting. */
    for (;;) {
        int fd = check(socket(address->ai_family, SOCK_STREAM, 0), "socket");
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
            return fd;
        check(errno == ECONNREFUSED || errno == ENOENT ? 0 : -1, "connect");
        close(fd);
        usleep(20000);
    }
}

static void put(int fd, const void *bytes, size_t size)
{
    while (size > 0) {
        long sent = check(send(fd, bytes, size, MSG_NOSIGNAL), "send");
        bytes = (const char *)bytes + sent;
        size -= sent;
    }
}

/* Returns 0 at the stream's end. */
static int get(int fd, void *bytes, size_t size)
{
    while (size > 0) {
        long received = check(recv(fd, bytes, size, 0), "recv");
        if (received == 0)
            return 0;
        bytes = (char *)bytes + received;
        size -= received;
    }
    return 1;
}

static unsigned char *map(int fd, uint64_t offset, size_t size)
{
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    check(bytes == MAP_FAILED ? -1 : 0, "mmap");
    return bytes;
}

static unsigned char *make_buffer(size_t size)
{
    int memfd = check(memfd_create("video", 0), "memfd_create");
    check(ftruncate(memfd, size), "ftruncate");
    return map(memfd, 0, size);
}

static void say_hello(int fd, uint32_t width, uint32_t height)
{
    struct hello hello = {
        htobe32(STREAM_MAGIC), htobe32(VERSION), htobe32(width), htobe32(height),
        htobe32(YUYV), htobe32(width * height * 2), htobe32(BUFFERS),
    };
    put(fd, &hello, sizeof(hello));
}

/* Returns the size of a frame. */
static uint32_t hear_hello(int fd, uint32_t *buffers)
{
    struct hello hello;
    check(get(fd, &hello, sizeof(hello)) ? 0 : -1, "hello");
    if (be32toh(hello.magic) != STREAM_MAGIC || be32toh(hello.version) != VERSION) {
        fprintf(stderr, "no hello\n");
        exit(1);
    }
    *buffers = be32toh(hello.buffers);
    printf("hello %ux%u %.4s %u bytes %u buffers\n", be32toh(hello.width), be32toh(hello.height),
        (char *)&(uint32_t){ htole32(be32toh(hello.format)) }, be32toh(hello.size), *buffers);
    fflush(stdout);
    return be32toh(hello.size);
}

static void show(uint64_t sequence, uint32_t bytes, const unsigned char *content)
{
    if (!is_measuring)
        printf("frame %llu %u %02x %02x\n", (unsigned long long)sequence, bytes, content[0],
            bytes ? content[bytes - 1] : 0);
}

static void show_end(uint64_t frames, int64_t start)
{
    printf("frames=%llu nanoseconds=%lld\n", (unsigned long long)frames, (long long)(now() - start));
}

static void fill(unsigned char *bytes, uint32_t size, uint64_t number)
{
    if (!is_measuring)
        memset(bytes, (int)number, size);
}

static void run_sender(const char *host, const char *port, uint32_t width, uint32_t height, uint64_t frames)
{
    uint32_t size = width * height * 2;
    unsigned char *buffers[BUFFERS];
    int fd = connect_to(host, port);
    for (int i = 0; i < BUFFERS; i++)
        memset(buffers[i] = make_buffer(size), i, size);
    say_hello(fd, width, height);
    for (uint64_t i = 0; i < frames; i++) {
        struct copy_head head = {
            htobe32(FRAME_MAGIC), htobe32(i % BUFFERS), htobe32(size), 0, htobe64(i), htobe64(1), htobe64(i),
        };
        fill(buffers[i % BUFFERS], size, i);
        put(fd, &head, sizeof(head));
        put(fd, buffers[i % BUFFERS], size);
    }
    printf("frames=%llu\n", (unsigned long long)frames);
}

static void run_receiver(const char *port, uint64_t frames)
{
    int fd = accept_one(port);
    uint32_t count, size = hear_hello(fd, &count);
    unsigned char *buffers[count];
    struct copy_head head;
    uint64_t number = 0;
    int64_t start = 0;
    for (uint32_t i = 0; i < count; i++)
        memset(buffers[i] = make_buffer(size), 0, size);
    for (; number < frames && get(fd, &head, sizeof(head)); number++) {
        unsigned char *buffer = buffers[be32toh(head.index) % count];
        uint32_t bytes = be32toh(head.bytes);
        if (start == 0)
            start = now();
        check(be32toh(head.magic) == FRAME_MAGIC && bytes <= size ? 0 : -1, "frame");
        check(get(fd, buffer, bytes) ? 0 : -1, "payload");
        show(be64toh(head.sequence), bytes, buffer);
    }
    show_end(number, start);
}

static unsigned char *grant(uint32_t count, unsigned domain, uint32_t *refs)
{
    struct ioctl_gntalloc_alloc_gref *request = calloc(1, sizeof(*request) + count * sizeof(uint32_t));
    int device = check(open("/dev/xen/gntalloc", O_RDWR), "open /dev/xen/gntalloc");
    unsigned char *bytes;
    request->domid = domain;
    request->flags = GNTALLOC_FLAG_WRITABLE;
    request->count = count;
    check(ioctl(device, IOCTL_GNTALLOC_ALLOC_GREF, request), "ALLOC_GREF");
    memcpy(refs, request->gref_ids, count * sizeof(uint32_t));
    bytes = map(device, request->index, count * PAGE);
    free(request);
    return bytes;
}

static int compare(const void *one, const void *other)
{
    int64_t difference = *(const int64_t *)one - *(const int64_t *)other;
    return difference < 0 ? -1 : difference > 0;
}

static void run_sender_zc(
    const char *host, const char *port, uint32_t width, uint32_t height, uint64_t frames, unsigned domain, unsigned own)
{
    uint32_t size = width * height * 2, pages = (size + PAGE - 1) / PAGE, refs[MOST_REFS] = { 0 };
    int64_t *times = calloc(frames + 1, sizeof(int64_t));
    unsigned char *buffers[BUFFERS];
    struct handle handle;
    struct ack ack;
    int fd = connect_to(host, port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    say_hello(fd, width, height);
    for (int i = 0; i < BUFFERS; i++) {
        memset(&handle, 0, sizeof(handle));
        buffers[i] = is_measuring ? make_buffer(size) : grant(pages, domain, refs);
        for (uint32_t page = 0; page < pages; page++)
            handle.refs[page] = htobe32(refs[page]);
        handle.magic = htobe32(HANDLE_MAGIC);
        handle.flags = htobe32(DIRECT);
        handle.id = htobe64(100 + i);
        handle.length = htobe64(size);
        handle.count = htobe32(pages);
        handle.page_size = htobe32(PAGE);
        handle.domain = htobe32(own);
        put(fd, &handle, sizeof(handle));
    }
    for (uint64_t i = 0; i < frames; i++) {
        struct shared_head head = {
            htobe32(FRAME_MAGIC), htobe32(i % BUFFERS), htobe32(size), 0,
            htobe64(100 + i % BUFFERS), htobe64(i), htobe64(1), htobe64(i),
        };
        int64_t start;
        fill(buffers[i % BUFFERS], size, i);
        start = now();
        put(fd, &head, sizeof(head));
        check(get(fd, &ack, sizeof(ack)) ? 0 : -1, "ack");
        times[i] = now() - start;
        check(be32toh(ack.magic) == FRAME_MAGIC && be64toh(ack.id) == 100 + i % BUFFERS && be64toh(ack.sequence) == i
            ? 0 : -1, "ack of this frame");
    }
    qsort(times, frames, sizeof(int64_t), compare);
    printf("frames=%llu nanoseconds=%lld\n", (unsigned long long)frames, (long long)times[frames / 2]);
}

static unsigned char *import(const struct handle *handle)
{
    uint32_t count = be32toh(handle->count);
    struct ioctl_gntdev_map_grant_ref *request = calloc(1, sizeof(*request) + count * sizeof(request->refs[0]));
    int device = check(open("/dev/xen/gntdev", O_RDWR), "open /dev/xen/gntdev");
    unsigned char *bytes;
    request->count = count;
    for (uint32_t i = 0; i < count; i++) {
        request->refs[i].domid = be32toh(handle->domain);
        request->refs[i].ref = be32toh(handle->refs[i]);
    }
    check(ioctl(device, IOCTL_GNTDEV_MAP_GRANT_REF, request), "MAP_GRANT_REF");
    bytes = map(device, request->index, count * PAGE);
    free(request);
    return bytes;
}

static void run_receiver_zc(const char *port, uint64_t frames)
{
    int fd = accept_one(port);
    uint32_t count;
    hear_hello(fd, &count);
    unsigned char *buffers[count];
    uint64_t ids[count], number = 0;
    int64_t start = 0;
    struct handle handle;
    struct shared_head head;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    for (uint32_t i = 0; i < count; i++) {
        check(get(fd, &handle, sizeof(handle)) ? 0 : -1, "handle");
        check(be32toh(handle.magic) == HANDLE_MAGIC && be32toh(handle.count) <= MOST_REFS ? 0 : -1, "handle");
        ids[i] = handle.id;
        buffers[i] = is_measuring ? NULL : import(&handle);
    }
    for (; number < frames && get(fd, &head, sizeof(head)); number++) {
        struct ack ack = { htobe32(FRAME_MAGIC), 0, head.id, head.sequence };
        uint32_t i = 0;
        if (start == 0)
            start = now();
        while (i < count && ids[i] != head.id)
            i++;
        check(be32toh(head.magic) == FRAME_MAGIC && i < count ? 0 : -1, "frame");
        show(be64toh(head.sequence), be32toh(head.bytes), buffers[i]);
        put(fd, &ack, sizeof(ack));
    }
    show_end(number, start);
}

int main(int count, char **words)
{
    const char *role = count > 1 ? words[1] : "";
    is_measuring = getenv("VIDEO_READY") != NULL;
    if (strcmp(role, "sender") == 0 && count == 7)
        run_sender(words[2], words[3], atoi(words[4]), atoi(words[5]), atoll(words[6]));
    else if (strcmp(role, "receiver") == 0 && count >= 3)
        run_receiver(words[2], count > 3 ? strtoull(words[3], NULL, 10) : UINT64_MAX);
    else if (strcmp(role, "sender_zc") == 0 && count == 9)
        run_sender_zc(
            words[2], words[3], atoi(words[4]), atoi(words[5]), atoll(words[6]), atoi(words[7]), atoi(words[8]));
    else if (strcmp(role, "receiver_zc") == 0 && count >= 3)
        run_receiver_zc(words[2], count > 3 ? strtoull(words[3], NULL, 10) : UINT64_MAX);
    else {
        fprintf(stderr, "see the comment at the top of video.c\n");
        return 2;
    }
    return 0;
}
