/*
 * One side of a vchan through Xen's own library: vchan listen|connect DOMAIN PATH [COUNT]
 * Writes its standard input to the peer, then what the peer sends to its standard output, until the peer closes or
 * COUNT bytes have come.
 * Link with -l:libxenvchan.so.4.17.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(int count, char **words)
{
    struct libxenvchan *vchan = 0;
    long left;
    int listen, size;

    if (count < 4)
        return 2;
    left = count > 4 ? atol(words[4]) : -1;
    listen = !strcmp(words[1], "listen");
    if (listen)
        vchan = libxenvchan_server_init(0, atoi(words[2]), words[3], 65536, 65536);
    for (int i = 0; !listen && !vchan && i < 600; i++) {
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
    while ((size = read(0, buffer, sizeof buffer)) > 0)
        if (libxenvchan_write(vchan, buffer, size) != size) {
            fputs("the peer closed before it had read everything\n", stderr);
            return 1;
        }
    while (left) {
        size = libxenvchan_read(vchan, buffer, left > 0 && left < sizeof buffer ? left : sizeof buffer);
        if (size <= 0)
            break;
        if (write(1, buffer, size) != size)
            return 1;
        left -= left > 0 ? size : 0;
    }
    libxenvchan_close(vchan);
    return 0;
}
