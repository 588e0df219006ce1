/*
 * One direction of a vchan through Xen's own library, for streams.sh: flow receive|send DOMAIN PATH BYTES
 * The receiver listens, and prints the nanoseconds between its first read and its last. Both rings have 64 KiB, and the
 * sender writes 64 KiB at a time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The members of the library's struct as far as the flags that its user sets (libxenvchan.h). */
struct libxenvchan {
    void *grants, *ring, *event;
    uint32_t event_port;
    int is_server : 1, server_persist : 1, blocking : 1;
};

struct libxenvchan *libxenvchan_server_init(void *logger, int domain, const char *path, size_t left, size_t right);
struct libxenvchan *libxenvchan_client_init(void *logger, int domain, const char *path);
int libxenvchan_write(struct libxenvchan *vchan, const void *data, size_t size);
int libxenvchan_read(struct libxenvchan *vchan, void *data, size_t size);
int libxenvchan_is_open(struct libxenvchan *vchan);
int libxenvchan_wait(struct libxenvchan *vchan);
void libxenvchan_close(struct libxenvchan *vchan);

static char buffer[65536];

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

int main(int count, char **words)
{
    struct libxenvchan *vchan = 0;
    long left, start = 0;
    int receives, size;

    if (count != 5)
        return 2;
    receives = !strcmp(words[1], "receive");
    left = atol(words[4]);
    if (receives)
        vchan = libxenvchan_server_init(0, atoi(words[2]), words[3], sizeof buffer, sizeof buffer);
    for (int i = 0; !receives && !vchan && i < 600; i++) {
        vchan = libxenvchan_client_init(0, atoi(words[2]), words[3]);
        if (!vchan)
            usleep(100000);
    }
    if (!vchan) {
        perror("libxenvchan");
        return 1;
    }
    vchan->blocking = 1;
    while (libxenvchan_is_open(vchan) == 2)
        libxenvchan_wait(vchan);
    for (; left > 0; left -= size) {
        size = receives ? libxenvchan_read(vchan, buffer, sizeof buffer)
                        : libxenvchan_write(vchan, buffer, sizeof buffer);
        if (size <= 0) {
            fputs("the peer closed\n", stderr);
            return 1;
        }
        if (!start)
            start = now();
    }
    if (receives)
        printf("%ld\n", now() - start);
    else
        /* The receiver closes. */
        while (libxenvchan_is_open(vchan) == 1)
            libxenvchan_wait(vchan);
    libxenvchan_close(vchan);
    return 0;
}
