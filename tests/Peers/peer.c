/*
 * The other side of a descriptor hand-off, written in C from the wire format alone: one data byte with one SCM_RIGHTS
 * descriptor on a unix stream socket. The sender then waits until its peer closes.
 *
 *   peer send    listen|connect PATH udmabuf|memfd [MISBEHAVIOUR]
 *   peer receive listen|connect PATH
 *
 * The sender writes a line into each of 4 ranges of 4 pages, as the programs do that this project replaces. When the
 * peer closes, the sender prints the first byte, which the peer may have changed. The receiver prints the text at the
 * start of each range, writes '!' into the first byte and closes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RANGES 4
#define RANGE_SIZE 16384

static int check(int result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", call, strerror(errno));
        exit(1);
    }
    return result;
}

static int meet(const char *role, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    if (strcmp(role, "connect") == 0) {
        /* Retries, because the other side may still be starting. */
        for (int i = 0; connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0; i++) {
            if (i == 3000)
                check(-1, "connect");
            usleep(20000);
        }
        return fd;
    }
    unlink(path);
    check(bind(fd, (struct sockaddr *)&address, sizeof(address)), "bind");
    check(listen(fd, 1), "listen");
    puts("listening");
    fflush(stdout);
    return check(accept(fd, NULL, NULL), "accept");
}

static int make_memfd(size_t size, int seals)
{
    int fd = check(memfd_create("peer", MFD_ALLOW_SEALING), "memfd_create");
    check(ftruncate(fd, size), "ftruncate");
    if (seals)
        check(fcntl(fd, F_ADD_SEALS, seals), "F_ADD_SEALS");
    return fd;
}

static int make_buffer(const char *backing)
{
    if (strcmp(backing, "memfd") == 0)
        return make_memfd(RANGES * RANGE_SIZE, F_SEAL_SHRINK);

    struct udmabuf_create_list *list = calloc(1, sizeof(*list) + RANGES * sizeof(list->list[0]));
    int device = check(open("/dev/udmabuf", O_RDWR), "open /dev/udmabuf");
    list->flags = UDMABUF_FLAGS_CLOEXEC;
    list->count = RANGES;
    for (int i = 0; i < RANGES; i++) {
        list->list[i].memfd = make_memfd(RANGE_SIZE, F_SEAL_SHRINK);
        list->list[i].size = RANGE_SIZE;
    }
    return check(ioctl(device, UDMABUF_CREATE_LIST, list), "UDMABUF_CREATE_LIST");
}

static char *map(int fd, size_t size)
{
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(bytes == MAP_FAILED ? -1 : 0, "mmap");
    return bytes;
}

static void pass(int socket, int count, const int *fds, size_t length)
{
    union { char bytes[CMSG_SPACE(8 * sizeof(int))]; struct cmsghdr align; } control = { 0 };
    struct iovec data = { .iov_base = "AAAAAAAA", .iov_len = length };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    check(sendmsg(socket, &message, MSG_NOSIGNAL), "sendmsg");
}

static void await_close(int socket)
{
    char ignored;
    while (read(socket, &ignored, 1) > 0)
        ;
    puts("peer closed");
}

static int misbehave(int socket, const char *how, int buffer)
{
    int pipe_ends[2], fds[8];
    check(pipe(pipe_ends), "pipe");
    for (int i = 0; i < 8; i++)
        fds[i] = buffer;
    if (strcmp(how, "close") == 0)
        return 0;
    if (strcmp(how, "no-descriptor") == 0)
        pass(socket, 0, NULL, 1);
    else if (strcmp(how, "two-descriptors") == 0)
        pass(socket, 2, fds, 1);
    else if (strcmp(how, "eight-descriptors") == 0)
        pass(socket, 8, fds, 1);
    else if (strcmp(how, "two-bytes") == 0)
        pass(socket, 1, fds, 2);
    else if (strcmp(how, "pipe") == 0)
        pass(socket, 1, pipe_ends, 1);
    else if (strcmp(how, "closed-pipe") == 0) {
        close(pipe_ends[1]);
        pass(socket, 1, pipe_ends, 1);
    } else if (strcmp(how, "file") == 0)
        pass(socket, 1, (int[]){ check(open("/etc/passwd", O_RDONLY), "open") }, 1);
    else if (strcmp(how, "unsealed-memfd") == 0)
        pass(socket, 1, (int[]){ make_memfd(RANGE_SIZE, 0) }, 1);
    else if (strcmp(how, "odd-memfd") == 0)
        pass(socket, 1, (int[]){ make_memfd(RANGE_SIZE + 1, F_SEAL_SHRINK) }, 1);
    else if (strcmp(how, "huge-memfd") == 0) {
        int fd = check(memfd_create("peer", MFD_ALLOW_SEALING | MFD_HUGETLB), "memfd_create");
        check(ftruncate(fd, 2 << 20), "ftruncate");
        check(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), "F_ADD_SEALS");
        pass(socket, 1, &fd, 1);
    } else if (strcmp(how, "read-only") == 0 || strcmp(how, "write-only") == 0) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/self/fd/%d", make_memfd(RANGE_SIZE, F_SEAL_SHRINK));
        pass(socket, 1, (int[]){ check(open(path, how[0] == 'r' ? O_RDONLY : O_WRONLY), "open") }, 1);
    } else if (strcmp(how, "nothing") != 0) {
        fprintf(stderr, "no such misbehaviour: %s\n", how);
        return 2;
    }
    await_close(socket);
    return 0;
}

static int send_buffer(int argc, char **argv)
{
    int buffer = make_buffer(argv[4]);
    char *bytes = map(buffer, RANGES * RANGE_SIZE);
    for (int i = 0; i < RANGES; i++)
        sprintf(bytes + i * RANGE_SIZE, "range[%d] %d bytes created at 0s\n", i, RANGE_SIZE);
    int socket = meet(argv[2], argv[3]);
    if (argc > 5)
        return misbehave(socket, argv[5], buffer);
    pass(socket, 1, &buffer, 1);
    await_close(socket);
    printf("first byte %c\n", bytes[0]);
    return 0;
}

static int receive_buffer(char **argv)
{
    int socket = meet(argv[2], argv[3]);
    union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { 0 };
    char data[16];
    struct iovec vector = { .iov_base = data, .iov_len = sizeof(data) };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
    };
    int length = check(recvmsg(socket, &message, 0), "recvmsg");
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
        puts("no descriptor");
        return 1;
    }
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    long size = lseek(fd, 0, SEEK_END);
    printf("received %d byte '%c', buffer of %ld bytes\n", length, data[0], size);
    char *bytes = map(fd, size);
    for (long at = 0; at < size; at += RANGE_SIZE)
        printf("%s\n", bytes + at);
    bytes[0] = '!';
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(240);
    if (argc >= 5 && strcmp(argv[1], "send") == 0)
        return send_buffer(argc, argv);
    if (argc == 4 && strcmp(argv[1], "receive") == 0)
        return receive_buffer(argv);
    fprintf(stderr, "usage: peer send listen|connect PATH udmabuf|memfd [MISBEHAVIOUR]"
        " | receive listen|connect PATH\n");
    return 2;
}
