/* What the C pairs of the benchmarks share. Include it after _GNU_SOURCE is defined. */
#include <errno.h>
#include <linux/dma-buf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define PAGE 4096ull

/* Keeps the compiler from removing a copy whose result is unused. */
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int check(int result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", call, strerror(errno));
        exit(1);
    }
    return result;
}

/* The mark that the first byte of each page carries. */
static unsigned char stamp(size_t page)
{
    return page * 7 + 1;
}

static void stamp_all(unsigned char *pages, size_t size)
{
    for (size_t page = 0; page < size / PAGE; page++)
        pages[page * PAGE] = stamp(page);
}

static void send_all(int socket, const void *bytes, size_t count)
{
    for (size_t done = 0; done < count;)
        done += check(send(socket, (const char *)bytes + done, count - done, MSG_NOSIGNAL), "send");
}

/* Returns 1 when all bytes have arrived, and 0 when the stream ended before the first one. */
static int receive_all(int socket, void *bytes, size_t count)
{
    for (size_t done = 0; done < count;) {
        int received = check(recv(socket, (char *)bytes + done, count - done, 0), "recv");
        if (received == 0 && done == 0)
            return 0;
        errno = EPIPE;
        check(received == 0 ? -1 : 0, "recv");
        done += received;
    }
    return 1;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Brackets a read with DMA_BUF_IOCTL_SYNC. Does nothing if dmabuf is -1: the pages are a mapping of references. */
static void bracket(int dmabuf, uint64_t flag)
{
    struct dma_buf_sync sync = { .flags = flag | DMA_BUF_SYNC_READ };
    if (dmabuf >= 0)
        check(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), "DMA_BUF_IOCTL_SYNC");
}

/* Both programs align the target to a page, so that the copy's speed does not depend on chance alignment. */
static uint64_t copy_time(int dmabuf, const unsigned char *pages, size_t size, int copies)
{
    uint64_t times[copies];
    unsigned char *target = aligned_alloc(PAGE, size);

    memset(target, 0, size);
    for (int i = 0; i < copies; i++) {
        uint64_t start = now();
        bracket(dmabuf, DMA_BUF_SYNC_START);
        memcpy(target, pages, size);
        bracket(dmabuf, DMA_BUF_SYNC_END);
        KEEP(target);
        times[i] = now() - start;
    }
    free(target);
    qsort(times, copies, sizeof(times[0]), by_value);
    return times[copies / 2];
}
