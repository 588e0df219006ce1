/*
 * A hand-off between two Xen domains in plain C, with which the benchmarks between domains compare the core. It makes
 * the same calls as the core, one by one, and speaks the protocol of the programs that this project replaces: a 32-bit
 * count, then that many 32-bit references. The importer closes when it is done.
 *
 *   pair export PORT DOMAIN udmabuf|gntalloc    one round for each line of its input, which names a size in bytes
 *   pair import HOST PORT DOMAIN [COPIES]       round after round, until the exporter closes without references
 *
 * Each side prints its times for each round in nanoseconds. The exporter prints "export SIZE GRANT HANDOFF", where
 * HANDOFF is the time between the first byte sent and the peer's close. The importer prints "import SIZE MAP RELEASE
 * COPY", where COPY is the median of COPIES copies of the whole buffer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <netdb.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/gntalloc.h>

/* The kernel's header expects Xen's headers to define these two types. */
typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;
#include <xen/gntdev.h>

#include "../pair.h"

struct share {
    int device;
    int buffer; /* the dma-buf, or -1 */
    unsigned char *pages;
    size_t size;
};

static unsigned char *map(int fd, uint64_t offset, size_t size)
{
    unsigned char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    check(pages == MAP_FAILED ? -1 : 0, "mmap");
    return pages;
}

static int create_udmabuf(size_t size)
{
    int fd, device = check(open("/dev/udmabuf", O_RDWR | O_CLOEXEC), "open /dev/udmabuf");
    int memfd = check(memfd_create("pair", MFD_CLOEXEC | MFD_ALLOW_SEALING), "memfd_create");
    check(ftruncate(memfd, size), "ftruncate");
    check(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK), "F_ADD_SEALS");
    struct udmabuf_create request = { .memfd = memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
    fd = check(ioctl(device, UDMABUF_CREATE, &request), "UDMABUF_CREATE");
    close(device);
    close(memfd);
    return fd;
}

/*
 * Grants a dma-buf's pages and returns the references, which last as long as the device stays open. Returns NULL and
 * sets errno if the kernel refuses.
 */
static uint32_t *grant_dmabuf(struct share *share, unsigned domain)
{
    uint32_t count = share->size / PAGE;
    struct ioctl_gntdev_dmabuf_imp_to_refs *argument = malloc(sizeof(*argument) + count * sizeof(uint32_t));
    uint32_t *refs = malloc(count * sizeof(uint32_t));
    *argument = (struct ioctl_gntdev_dmabuf_imp_to_refs){ .fd = share->buffer, .count = count, .domid = domain };
    share->device = check(open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC), "open /dev/xen/gntdev");
    if (ioctl(share->device, IOCTL_GNTDEV_DMABUF_IMP_TO_REFS, argument) < 0)
        return NULL;
    memcpy(refs, argument->refs, count * sizeof(uint32_t));
    free(argument);
    return refs;
}

/* Allocates pages that are granted from the start, and returns their references, or NULL. */
static uint32_t *grant_new_pages(struct share *share, unsigned domain, uint64_t *offset)
{
    uint32_t count = share->size / PAGE;
    struct ioctl_gntalloc_alloc_gref *argument = malloc(sizeof(*argument) + count * sizeof(uint32_t));
    uint32_t *refs = malloc(count * sizeof(uint32_t));
    *argument = (struct ioctl_gntalloc_alloc_gref){ .domid = domain, .flags = GNTALLOC_FLAG_WRITABLE, .count = count };
    share->device = check(open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC), "open /dev/xen/gntalloc");
    if (ioctl(share->device, IOCTL_GNTALLOC_ALLOC_GREF, argument) < 0)
        return NULL;
    memcpy(refs, argument->gref_ids, count * sizeof(uint32_t));
    *offset = argument->index;
    free(argument);
    return refs;
}

/* Runs one round. Waiting for the peer and stamping do not count. The line is printed after everything is released. */
static void export_round(int listener, struct share *share, unsigned domain)
{
    uint32_t count = share->size / PAGE, *refs, *blob;
    uint64_t offset = 0, start = now(), granted, sent, closed;
    char ignored;
    int peer;

    refs = share->buffer >= 0 ? grant_dmabuf(share, domain) : grant_new_pages(share, domain, &offset);
    granted = now();
    if (!refs) {
        const char *call = share->buffer >= 0 ? "IMP_TO_REFS" : "ALLOC_GREF";
        printf("failed %zu %s: %s\n", share->size, call, strerrorname_np(errno));
        close(share->device);
        return;
    }
    if (share->buffer < 0) {
        share->pages = map(share->device, offset, share->size);
        stamp_all(share->pages, share->size);
    }

    peer = check(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");
    sent = now();
    blob = malloc((count + 1) * sizeof(uint32_t));
    blob[0] = count;
    memcpy(blob + 1, refs, count * sizeof(uint32_t));
    send_all(peer, blob, (count + 1) * sizeof(uint32_t));
    while (recv(peer, &ignored, 1, 0) > 0)
        ;
    closed = now();

    if (share->buffer >= 0) {
        struct ioctl_gntdev_dmabuf_imp_release release = { .fd = share->buffer };
        ioctl(share->device, IOCTL_GNTDEV_DMABUF_IMP_RELEASE, &release);
    } else {
        munmap(share->pages, share->size);
    }
    close(share->device);
    close(peer);
    free(blob);
    free(refs);
    printf("export %zu %llu %llu\n", share->size,
        (unsigned long long)(granted - start), (unsigned long long)(closed - sent));
}

static int run_exporter(const char *port, unsigned domain, int with_udmabuf)
{
    struct addrinfo *address, hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    struct share share = { .buffer = -1 };
    char line[32];
    int listener;

    check(getaddrinfo(NULL, port, &hints, &address) ? -1 : 0, "getaddrinfo");
    listener = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    check(bind(listener, address->ai_addr, address->ai_addrlen), "bind");
    check(listen(listener, 16), "listen");
    while (fgets(line, sizeof(line), stdin)) {
        size_t size = strtoul(line, NULL, 10);
        if (with_udmabuf && size != share.size) {
            unsigned char *pages;
            if (share.buffer >= 0)
                close(share.buffer);
            share.buffer = create_udmabuf(size);
            pages = map(share.buffer, 0, size);
            stamp_all(pages, size);
            munmap(pages, size);
        }
        share.size = size;
        export_round(listener, &share, domain);
    }
    /* The importer waits for another round; closing without sending references ends it. */
    close(check(accept(listener, NULL, NULL), "accept"));
    return 0;
}

/*
 * Imports as the core does: as a dma-buf where the kernel can make one from references. Where it cannot, or where its
 * dma-buf has no mmap (Arm64's unmodified driver), the pages are reached by a mapping of the references.
 */
static unsigned char *import(int device, unsigned domain, const uint32_t *refs, uint32_t count, int *fd)
{
    struct ioctl_gntdev_dmabuf_exp_from_refs *export = malloc(sizeof(*export) + count * sizeof(uint32_t));
    struct ioctl_gntdev_map_grant_ref *mapping;
    unsigned char *pages;

    *export = (struct ioctl_gntdev_dmabuf_exp_from_refs){ .count = count, .domid = domain };
    memcpy(export->refs, refs, count * sizeof(uint32_t));
    *fd = ioctl(device, IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS, export) < 0 ? -1 : (int)export->fd;
    free(export);
    if (*fd >= 0) {
        pages = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
        if (pages != MAP_FAILED)
            return pages;
    }

    mapping = malloc(sizeof(*mapping) + count * sizeof(mapping->refs[0]));
    *mapping = (struct ioctl_gntdev_map_grant_ref){ .count = count };
    for (uint32_t i = 0; i < count; i++)
        mapping->refs[i] = (struct ioctl_gntdev_grant_ref){ .domid = domain, .ref = refs[i] };
    check(ioctl(device, IOCTL_GNTDEV_MAP_GRANT_REF, mapping), "MAP_GRANT_REF");
    pages = map(device, mapping->index, (size_t)count * PAGE);
    free(mapping);
    return pages;
}

static int connect_to(const struct addrinfo *address)
{
    /* Retries, because the other side may still be starting. */
    for (;;) {
        int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
            return fd;
        check(errno == ECONNREFUSED ? 0 : -1, "connect");
        close(fd);
        usleep(50000);
    }
}

static int run_importer(const char *host, const char *port, unsigned domain, int copies)
{
    struct addrinfo *address, hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    uint32_t count, *refs;

    check(getaddrinfo(host, port, &hints, &address) ? -1 : 0, "getaddrinfo");
    for (int peer; receive_all(peer = connect_to(address), &count, sizeof(count));) {
        size_t size = (size_t)count * PAGE;
        uint64_t start, mapped, copied = 0, release, released;
        unsigned char *pages;
        int device, fd;

        refs = malloc(count * sizeof(uint32_t));
        if (!receive_all(peer, refs, count * sizeof(uint32_t)))
            return 1;
        start = now();
        device = check(open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC), "open /dev/xen/gntdev");
        pages = import(device, domain, refs, count, &fd);
        for (uint32_t page = 0; page < count; page++) {
            if (pages[(size_t)page * PAGE] != stamp(page)) {
                fprintf(stderr, "page %u is not the exporter's\n", page);
                return 1;
            }
        }
        mapped = now();
        if (copies > 0)
            copied = copy_time(-1, pages, size, copies);
        release = now();
        munmap(pages, size);
        if (fd >= 0)
            close(fd);
        close(device);
        released = now();
        close(peer);
        printf("import %zu %llu %llu %llu\n", size, (unsigned long long)(mapped - start),
            (unsigned long long)(released - release), (unsigned long long)copied);
        free(refs);
    }
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 5 && strcmp(argv[1], "export") == 0)
        return run_exporter(argv[2], atoi(argv[3]), strcmp(argv[4], "udmabuf") == 0);
    if ((argc == 5 || argc == 6) && strcmp(argv[1], "import") == 0)
        return run_importer(argv[2], argv[3], atoi(argv[4]), argc == 6 ? atoi(argv[5]) : 0);
    fprintf(stderr, "usage: pair export PORT DOMAIN udmabuf|gntalloc | import HOST PORT DOMAIN [COPIES]\n");
    return 2;
}
