/*
 * A buffer of a KVM guest as a dma-buf of its host in plain C, with which the benchmarks compare the core. It makes the
 * calls that this needs and sends what docs/protocol.md describes. The importer closes when it is done.
 *
 *   pages export PORT                        in the guest
 *   pages import SOCKET CID PORT [COPIES]    on the host: becomes the vhost-user back end at SOCKET first
 *
 * Each side runs one round for each line of its input, which names a size in bytes, with an h after it for huge pages,
 * and, for the exporter, a memfd of that size: both pairs share the same pages, because time depends on how scattered
 * they are. Each side prints its times for each round in nanoseconds. The exporter prints "exported" before it waits
 * for the importer, which may share its processor and must not begin earlier, and at the end "export SIZE EXPORT
 * HANDOFF", where HANDOFF is the time between the first byte sent and the peer's close; its counterpart adds the memfd.
 * The importer prints "import SIZE MAP RELEASE COPY RANGES", where COPY is the median of COPIES copies of the whole
 * buffer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <linux/vm_sockets.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include "../pair.h"

#define MAGIC 0x47414d44u
#define MOST_REGIONS 8

struct head {
    uint32_t magic, version;
    uint64_t size;
    uint32_t page_size, count;
};

struct range {
    uint64_t first, count;
};

static unsigned char *map(int fd, size_t size, int protection, int flags)
{
    unsigned char *pages = mmap(NULL, size, protection, MAP_SHARED | flags, fd, 0);
    check(pages == MAP_FAILED ? -1 : 0, "mmap");
    return pages;
}

static int pin(int memfd, size_t size)
{
    struct udmabuf_create request = { .memfd = memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
    int device = check(open("/dev/udmabuf", O_RDWR | O_CLOEXEC), "open /dev/udmabuf");
    int fd = check(ioctl(device, UDMABUF_CREATE, &request), "UDMABUF_CREATE");
    close(device);
    return fd;
}

/* Returns the ranges of page frames that a memfd's pages have, and their number. */
static struct range *frames(int memfd, size_t size, uint32_t *count)
{
    size_t pages = size / PAGE;
    uint64_t *entries = malloc(pages * sizeof(uint64_t));
    struct range *ranges = malloc(pages * sizeof(struct range));
    int pagemap = check(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), "open /proc/self/pagemap");
    unsigned char *mapped = map(memfd, size, PROT_READ, MAP_POPULATE | MAP_NORESERVE);
    off_t at = (uintptr_t)mapped / PAGE * sizeof(uint64_t);

    for (size_t done = 0; done < pages * sizeof(uint64_t);) {
        ssize_t some = pread(pagemap, (char *)entries + done, pages * sizeof(uint64_t) - done, at + done);
        done += check(some <= 0 ? -1 : (int)some, "pread");
    }
    munmap(mapped, size);
    close(pagemap);
    *count = 0;
    for (size_t page = 0; page < pages; page++) {
        uint64_t frame = entries[page] & ((1ull << 55) - 1);
        struct range *last = ranges + *count - 1;
        errno = EPERM;
        check(frame && entries[page] >> 63 ? 0 : -1, "pagemap");
        if (*count > 0 && last->first + last->count == frame)
            last->count++;
        else
            ranges[(*count)++] = (struct range){ frame, 1 };
    }
    free(entries);
    return ranges;
}

static int run_exporter(unsigned port)
{
    struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port };
    int listener = check(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    int memfd = -1, buffer = -1;
    char line[96], last[96] = "";

    check(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
    check(listen(listener, 16), "listen");
    while (fgets(line, sizeof(line), stdin)) {
        char ignored, *path = strchr(line, ' ');
        size_t size = strtoul(line, NULL, 10);
        uint64_t start, exported, sent, closed;
        struct range *ranges;
        struct head head;
        int held, peer;

        line[strcspn(line, "\n")] = 0;
        if (path == NULL)
            return 2;
        if (strcmp(line, last)) {
            close(buffer);
            close(memfd);
            memfd = check(open(path + 1, O_RDWR | O_CLOEXEC), path + 1);
            buffer = pin(memfd, size);
            strcpy(last, line);
        }
        *path = 0;
        start = now();
        held = check(fcntl(buffer, F_DUPFD_CLOEXEC, 0), "fcntl");
        head = (struct head){ MAGIC, 1, size, PAGE, 0 };
        ranges = frames(memfd, size, &head.count);
        exported = now();
        printf("exported\n");

        peer = check(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");
        sent = now();
        send_all(peer, &head, sizeof(head));
        send_all(peer, ranges, head.count * sizeof(struct range));
        while (recv(peer, &ignored, 1, 0) > 0)
            ;
        closed = now();
        close(peer);
        close(held);
        free(ranges);
        printf("export %s %llu %llu\n", line, (unsigned long long)(exported - start),
            (unsigned long long)(closed - sent));
    }
    return 0;
}

/* The back end: the few messages of vhost-user that QEMU's virtio-fs device needs. One thread answers them. */
enum {
    GET_FEATURES = 1, SET_MEM_TABLE = 5, GET_VRING_BASE = 11, SET_VRING_KICK = 12, GET_PROTOCOL_FEATURES = 15,
    SET_PROTOCOL_FEATURES = 16, GET_QUEUE_NUM = 17
};
#define FLAG_VERSION 1u
#define FLAG_REPLY 4u
#define FLAG_NEED_REPLY 8u
#define F_PROTOCOL_FEATURES (1ull << 30)
#define F_VERSION_1 (1ull << 32)
#define F_MQ_AND_REPLY_ACK (1ull << 0 | 1ull << 3)

struct message {
    uint32_t request, flags, size;
};

struct region {
    uint64_t address, size, user_address, offset;
};

static struct region regions[MOST_REGIONS];
static int files[MOST_REGIONS];
static unsigned region_count;
static int is_started;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void answer(int qemu, uint32_t request, const void *payload, uint32_t size)
{
    char bytes[64];
    struct message head = { request, FLAG_VERSION | FLAG_REPLY, size };

    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + sizeof(head), payload, size);
    send_all(qemu, bytes, sizeof(head) + size);
}

static void handle(int qemu, const struct message *head, const unsigned char *payload, const int *fds, unsigned count)
{
    uint64_t word = 0;

    switch (head->request) {
    case GET_FEATURES:
        word = F_PROTOCOL_FEATURES | F_VERSION_1;
        break;
    case GET_PROTOCOL_FEATURES:
        word = F_MQ_AND_REPLY_ACK;
        break;
    case GET_QUEUE_NUM:
        word = 1024;
        break;
    case GET_VRING_BASE:
        memcpy(&word, payload, sizeof(uint32_t));
        break;
    case SET_MEM_TABLE:
        region_count = count;
        memcpy(regions, payload + 8, count * sizeof(struct region));
        memcpy(files, fds, count * sizeof(int));
        break;
    case SET_VRING_KICK:
        is_started = region_count > 0;
        pthread_cond_signal(&changed);
        break;
    }
    if (head->request != SET_MEM_TABLE && count > 0)
        close(fds[0]);
    if ((head->flags & FLAG_NEED_REPLY) || head->request == GET_FEATURES || head->request == GET_PROTOCOL_FEATURES
        || head->request == GET_QUEUE_NUM || head->request == GET_VRING_BASE)
        answer(qemu, head->request, &word, sizeof(word));
}

static void *serve(void *listener)
{
    int qemu = check(accept4((int)(intptr_t)listener, NULL, NULL, SOCK_CLOEXEC), "accept");

    for (;;) {
        struct message head;
        unsigned char payload[512];
        char control[CMSG_SPACE(MOST_REGIONS * sizeof(int))];
        struct iovec part = { &head, sizeof(head) };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
            .msg_controllen = sizeof(control) };
        int fds[MOST_REGIONS];
        unsigned count = 0;

        if (check(recvmsg(qemu, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC), "recvmsg") != sizeof(head))
            return NULL;
        for (struct cmsghdr *some = CMSG_FIRSTHDR(&message); some; some = CMSG_NXTHDR(&message, some)) {
            count = (some->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(fds, CMSG_DATA(some), count * sizeof(int));
        }
        if (head.size > sizeof(payload) || (head.size > 0 && !receive_all(qemu, payload, head.size)))
            return NULL;
        pthread_mutex_lock(&lock);
        handle(qemu, &head, payload, fds, count);
        pthread_mutex_unlock(&lock);
    }
}

static void become_back_end(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int listener = check(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    pthread_t thread;

    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    unlink(path);
    check(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
    check(listen(listener, 1), "listen");
    errno = pthread_create(&thread, NULL, serve, (void *)(intptr_t)listener);
    check(errno ? -1 : 0, "pthread_create");
    pthread_mutex_lock(&lock);
    while (!is_started)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* Makes a dma-buf of ranges of the guest's frames. Neighbours are not merged: the exporter did that. */
static int import(const struct range *ranges, uint32_t count)
{
    struct udmabuf_create_list *list = calloc(1, sizeof(*list) + (count + MOST_REGIONS) * sizeof(list->list[0]));
    int device, fd;

    list->flags = UDMABUF_FLAGS_CLOEXEC;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t address = ranges[i].first * PAGE, left = ranges[i].count * PAGE;
        while (left > 0) {
            unsigned at = 0;
            uint64_t size;
            while (at < region_count && address - regions[at].address >= regions[at].size)
                at++;
            errno = EFAULT;
            check(at < region_count ? 0 : -1, "the guest's frames");
            size = regions[at].address + regions[at].size - address;
            size = size < left ? size : left;
            list->list[list->count++] = (struct udmabuf_create_item){ .memfd = files[at],
                .offset = regions[at].offset + address - regions[at].address, .size = size };
            address += size;
            left -= size;
        }
    }
    device = check(open("/dev/udmabuf", O_RDWR | O_CLOEXEC), "open /dev/udmabuf");
    fd = check(ioctl(device, UDMABUF_CREATE_LIST, list), "UDMABUF_CREATE_LIST");
    pthread_mutex_unlock(&lock);
    close(device);
    free(list);
    return fd;
}

static int connect_to(unsigned cid, unsigned port)
{
    struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };

    /* Retries, because the other side may still be starting. */
    for (;;) {
        int fd = check(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
            return fd;
        check(errno == ECONNREFUSED || errno == ECONNRESET || errno == ETIMEDOUT ? 0 : -1, "connect");
        close(fd);
        usleep(50000);
    }
}

static int run_importer(const char *path, unsigned cid, unsigned port, int copies)
{
    char line[32];

    become_back_end(path);
    while (fgets(line, sizeof(line), stdin)) {
        int fd, peer = connect_to(cid, port);
        uint64_t start, mapped, copied = 0, release, released;
        unsigned char *pages;
        struct range *ranges;
        struct head head;

        if (!receive_all(peer, &head, sizeof(head)))
            return 1;
        ranges = malloc(head.count * sizeof(*ranges));
        if (!receive_all(peer, ranges, head.count * sizeof(*ranges)))
            return 1;
        start = now();
        fd = import(ranges, head.count);
        pages = map(fd, head.size, PROT_READ | PROT_WRITE, 0);
        bracket(fd, DMA_BUF_SYNC_START);
        for (size_t page = 0; page < head.size / PAGE; page++) {
            if (pages[page * PAGE] != stamp(page)) {
                fprintf(stderr, "page %zu is not the exporter's\n", page);
                return 1;
            }
        }
        bracket(fd, DMA_BUF_SYNC_END);
        mapped = now();
        if (copies > 0)
            copied = copy_time(fd, pages, head.size, copies);
        release = now();
        munmap(pages, head.size);
        close(fd);
        released = now();
        close(peer);
        line[strcspn(line, "\n")] = 0;
        printf("import %s %llu %llu %llu %u\n", line, (unsigned long long)(mapped - start),
            (unsigned long long)(released - release), (unsigned long long)copied, head.count);
        free(ranges);
    }
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "export") == 0)
        return run_exporter(atoi(argv[2]));
    if ((argc == 5 || argc == 6) && strcmp(argv[1], "import") == 0)
        return run_importer(argv[2], atoi(argv[3]), atoi(argv[4]), argc == 6 ? atoi(argv[5]) : 0);
    fprintf(stderr, "usage: pages export PORT | import SOCKET CID PORT [COPIES]\n");
    return 2;
}
