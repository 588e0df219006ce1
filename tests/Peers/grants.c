/*
 * The other side of a hand-off of grant references, written in C from the wire format alone: a 32-bit count and that
 * many 32-bit references on a TCP stream. The exporter then waits until its peer closes.
 *
 *   grants export PORT DOMAIN         listens and shares a udmabuf of 4 pages with the domain
 *   grants import HOST PORT DOMAIN    connects and maps the pages that the domain shares
 *
 * The exporter writes "page I of the exporter" into each page before it shares them; the importer writes "page I of the
 * importer" before it closes. Each side prints the text that the other has written.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* xen/gntdev.h uses these types without defining them. */
typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;
#include <xen/gntdev.h>

#define PAGE 4096
#define PAGES 4
#define MOST 1024

static int check(int result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", call, strerror(errno));
        exit(1);
    }
    return result;
}

static char *map(int fd, uint64_t offset, size_t size)
{
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    check(bytes == MAP_FAILED ? -1 : 0, "mmap");
    return bytes;
}

static void write_pages(char *bytes, uint32_t count, const char *who)
{
    for (uint32_t i = 0; i < count; i++)
        snprintf(bytes + i * PAGE, PAGE, "page %u of the %s", i, who);
}

static void print_pages(const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        printf("%.80s\n", bytes + i * PAGE);
}

static struct addrinfo *resolve(const char *host, const char *port)
{
    int flags = host ? 0 : AI_PASSIVE;
    struct addrinfo *address, hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = flags };
    check(getaddrinfo(host, port, &hints, &address) ? -1 : 0, "getaddrinfo");
    return address;
}

static int accept_one(const char *port)
{
    struct addrinfo *address = resolve(NULL, port);
    int listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    check(bind(listener, address->ai_addr, address->ai_addrlen), "bind");
    check(listen(listener, 1), "listen");
    return check(accept(listener, NULL, NULL), "accept");
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo *address = resolve(host, port);
    /* Retries, because the other side may still be starting. */
    for (;;) {
        int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
            return fd;
        check(errno == ECONNREFUSED ? 0 : -1, "connect");
        close(fd);
        usleep(100000);
    }
}

static int make_udmabuf(size_t size)
{
    int device = check(open("/dev/udmabuf", O_RDWR), "open /dev/udmabuf");
    int memfd = check(memfd_create("grants", MFD_ALLOW_SEALING), "memfd_create");
    check(ftruncate(memfd, size), "ftruncate");
    check(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK), "F_ADD_SEALS");
    struct udmabuf_create request = { .memfd = memfd, .size = size };
    return check(ioctl(device, UDMABUF_CREATE, &request), "UDMABUF_CREATE");
}

static int run_exporter(const char *port, unsigned domain)
{
    struct ioctl_gntdev_dmabuf_imp_to_refs *grants = calloc(1, sizeof(*grants) + PAGES * sizeof(uint32_t));
    int device = check(open("/dev/xen/gntdev", O_RDWR), "open /dev/xen/gntdev");
    int buffer = make_udmabuf(PAGES * PAGE), peer;
    char *bytes = map(buffer, 0, PAGES * PAGE), ignored;
    uint32_t blob[1 + PAGES] = { PAGES };

    write_pages(bytes, PAGES, "exporter");
    grants->fd = buffer;
    grants->count = PAGES;
    grants->domid = domain;
    check(ioctl(device, IOCTL_GNTDEV_DMABUF_IMP_TO_REFS, grants), "IMP_TO_REFS");
    memcpy(blob + 1, grants->refs, PAGES * sizeof(uint32_t));
    peer = accept_one(port);
    check(send(peer, blob, sizeof(blob), MSG_NOSIGNAL) == sizeof(blob) ? 0 : -1, "send");
    while (recv(peer, &ignored, 1, 0) > 0)
        ;
    print_pages(bytes, PAGES);
    return 0;
}

static int run_importer(const char *host, const char *port, unsigned domain)
{
    int peer = connect_to(host, port), device = check(open("/dev/xen/gntdev", O_RDWR), "open /dev/xen/gntdev");
    struct ioctl_gntdev_map_grant_ref *mapping;
    uint32_t count, refs[MOST];
    ssize_t length;
    char *bytes;

    check(recv(peer, &count, sizeof(count), MSG_WAITALL) == sizeof(count) && count <= MOST ? 0 : -1, "recv");
    length = count * sizeof(uint32_t);
    check(recv(peer, refs, length, MSG_WAITALL) == length ? 0 : -1, "recv");
    mapping = calloc(1, sizeof(*mapping) + count * sizeof(mapping->refs[0]));
    mapping->count = count;
    for (uint32_t i = 0; i < count; i++)
        mapping->refs[i] = (struct ioctl_gntdev_grant_ref){ .domid = domain, .ref = refs[i] };
    check(ioctl(device, IOCTL_GNTDEV_MAP_GRANT_REF, mapping), "MAP_GRANT_REF");
    bytes = map(device, mapping->index, count * PAGE);
    print_pages(bytes, count);
    write_pages(bytes, count, "importer");
    munmap(bytes, count * PAGE);
    close(device);
    close(peer);
    return 0;
}

int main(int argc, char **argv)
{
    alarm(240);
    if (argc == 4 && strcmp(argv[1], "export") == 0)
        return run_exporter(argv[2], atoi(argv[3]));
    if (argc == 5 && strcmp(argv[1], "import") == 0)
        return run_importer(argv[2], argv[3], atoi(argv[4]));
    fprintf(stderr, "usage: grants export PORT DOMAIN | import HOST PORT DOMAIN\n");
    return 2;
}
