/* Both ends of many pairs through one relay or forwarder: one thread, epoll.
 *
 *   load MODE SIZE WINDOW SECONDS PIDS < spec
 *
 * MODE    flow: every sender keeps WINDOW messages on the way to each of its receivers
 *         fan:  the same with parts of pictures for all, each sender having let its receivers in (`say`)
 *         ping: pair 0 sends one message, its receiver sends it back
 *         idle: connections are opened and nothing is sent
 * SIZE    bytes of a message (header and content, without its length)
 * PIDS    processes whose CPU time and memory are measured, with their children; separated by commas
 * spec    one line per connection, in the order in which they are opened:
 *             send PAIR PORT HEX      a WebSocket client that sends; HEX is its upgrade request
 *             take PAIR PORT HEX      a WebSocket client that receives
 *             say PAIR PORT HEX       bytes that the sender of the pair writes then
 *             listen PAIR PORT KIND   the next `send` makes the relay connect to this port; KIND ws or plain
 *
 * Every message carries its number and its number again at its end, and is checked: in order, none lost, none twice.
 * Prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH = 4, HEADER = 24, BURST = 65536, READ = 1 << 18, RECEIVERS = 64, LINE = 1 << 16, WARM_MS = 400 };

typedef struct pair pair;
typedef struct {
    int fd, frames; /* frames: WebSocket, else the bare stream of messages */
    pair *pair;
    int sends, wants_out;
    /* frame being read */
    unsigned char head[14], mask[4];
    int head_size, masked, skip;
    uint64_t frame_left, frame_at;
    /* message being read */
    uint64_t at;
    unsigned char first[LENGTH + HEADER + 16], last[8];
    uint64_t taken;
} end;

struct pair {
    end sender, receivers[RECEIVERS];
    int receiver_count;
    uint64_t sent;
    unsigned char *out;
    size_t out_size, out_at;
};

static pair *pairs;
static int pair_count, epoll, size, window, pictures;
static uint64_t taken_total;
static uint64_t *pings;
static size_t ping_count;

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "wrong");
    exit(2);
}

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* What is measured */

static void with_children(int pid, void (*each)(int, void *), void *sum) {
    char path[600], folder[64];
    snprintf(folder, sizeof folder, "/proc/%d/task", pid);
    each(pid, sum);
    DIR *tasks = opendir(folder);
    if (!tasks)
        return;
    for (struct dirent *task; (task = readdir(tasks));) {
        int child;
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/children", folder, task->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        while (fscanf(file, "%d", &child) == 1)
            with_children(child, each, sum);
        fclose(file);
    }
    closedir(tasks);
}

static void add_cpu(int pid, void *sum) {
    char path[600], folder[64];
    snprintf(folder, sizeof folder, "/proc/%d/task", pid);
    DIR *tasks = opendir(folder);
    if (!tasks)
        return;
    for (struct dirent *task; (task = readdir(tasks));) {
        double spent;
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/schedstat", folder, task->d_name);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%lf", &spent) == 1)
            *(double *)sum += spent / 1e9;
        if (file)
            fclose(file);
    }
    closedir(tasks);
}

static void add_memory(int pid, void *sum) {
    char path[64], line[256];
    long kib;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %ld", &kib) == 1)
            *(double *)sum += kib;
    fclose(file);
}

static double over(const char *pids, void (*each)(int, void *)) {
    char copy[4096], *rest;
    double sum = 0;
    snprintf(copy, sizeof copy, "%s", pids);
    for (char *pid = strtok_r(copy, ",", &rest); pid; pid = strtok_r(NULL, ",", &rest))
        with_children(atoi(pid), each, &sum);
    return sum;
}

/* Messages */

static void number(unsigned char *at, uint64_t value) {
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

static uint64_t number_at(const unsigned char *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* length | header | number | time | … | number. The header is ORDERED, stream control, from 1 to 2 or, backwards, from 2 to 1;
 * or FRAME, stream screen, from 1 to all: a catch-up picture, a group, then parts. */
static size_t put_message(unsigned char *at, uint64_t serial, uint64_t when, int backwards) {
    memset(at, 0, LENGTH + size);
    at[0] = size >> 24, at[1] = size >> 16, at[2] = size >> 8, at[3] = size;
    unsigned char *header = at + LENGTH;
    header[0] = 1, header[1] = 1, header[3] = 2;
    header[5] = backwards ? 2 : 1, header[7] = backwards ? 1 : 2;
    if (pictures)
        header[1] = 0x63 | (serial == 0 ? 0x10 : serial == 1 ? 0x08 : 0), header[3] = 32, header[7] = 0;
    number(header + HEADER, serial);
    number(header + HEADER + 8, when);
    number(at + LENGTH + size - 8, serial);
    return LENGTH + size;
}

/* Masked, as clients must; the mask is not zero, so that it has to be taken off. */
static size_t put_frame(unsigned char *at, const unsigned char *payload, size_t bytes) {
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    int head = bytes < 126 ? 2 : bytes < 65536 ? 4 : 10;
    at[0] = 0x82;
    if (head == 2)
        at[1] = 0x80 | bytes;
    else if (head == 4)
        at[1] = 0x80 | 126, at[2] = bytes >> 8, at[3] = bytes;
    else {
        at[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++)
            at[2 + i] = (uint64_t)bytes >> (56 - 8 * i);
    }
    memcpy(at + head, mask, 4);
    for (size_t i = 0; i < bytes; i++)
        at[head + 4 + i] = payload[i] ^ mask[i & 3];
    return head + 4 + bytes;
}

static void write_all(int fd, const unsigned char *at, size_t bytes) {
    while (bytes) {
        ssize_t done = send(fd, at, bytes, MSG_NOSIGNAL);
        if (done < 0 && errno != EAGAIN)
            fail("send");
        if (done > 0)
            at += done, bytes -= done;
    }
}

static void send_one(end *from, uint64_t serial, uint64_t when, int backwards) {
    static unsigned char *message, *frame;
    if (!message)
        message = malloc(LENGTH + size), frame = malloc(LENGTH + size + 14);
    size_t bytes = put_message(message, serial, when, backwards);
    if (from->frames)
        write_all(from->fd, frame, put_frame(frame, message, bytes));
    else
        write_all(from->fd, message, bytes);
}

/* A whole message has come in */
static void message_taken(end *to) {
    const unsigned char *content = to->first + LENGTH + HEADER;
    uint64_t serial = number_at(content), when = number_at(content + 8);
    int is_echo = to->sends; /* a ping that came back */
    if (serial != to->taken || number_at(to->last) != serial) {
        fprintf(stderr, "load: message %lu came in place of %lu\n", (unsigned long)serial, (unsigned long)to->taken);
        exit(3);
    }
    to->taken++;
    taken_total++;
    if (pings && is_echo)
        pings[ping_count++] = nanoseconds() - when;
    else if (pings)
        send_one(to, serial, when, 1);
}

static void take_messages(end *to, const unsigned char *data, size_t bytes) {
    uint64_t whole = LENGTH + size;
    while (bytes) {
        uint64_t some = whole - to->at < bytes ? whole - to->at : bytes;
        for (uint64_t i = 0; i < some;) {
            uint64_t at = to->at + i;
            if (at < sizeof to->first)
                to->first[at] = data[i], i++;
            else if (at >= whole - 8)
                to->last[at - (whole - 8)] = data[i], i++;
            else
                i = whole - 8 - to->at < some ? whole - 8 - to->at : some;
        }
        to->at += some, data += some, bytes -= some;
        if (to->at == whole) {
            to->at = 0;
            message_taken(to);
        }
    }
}

static void take_frames(end *to, unsigned char *data, size_t bytes) {
    while (bytes) {
        if (to->frame_left) {
            size_t some = to->frame_left < bytes ? to->frame_left : bytes;
            if (to->masked)
                for (size_t i = 0; i < some; i++)
                    data[i] ^= to->mask[(to->frame_at + i) & 3];
            if (!to->skip)
                take_messages(to, data, some);
            to->frame_at += some, to->frame_left -= some, data += some, bytes -= some;
            continue;
        }
        to->head[to->head_size++] = *data++, bytes--;
        if (to->head_size < 2)
            continue;
        int length = to->head[1] & 127, masked = to->head[1] >> 7;
        int head = 2 + (length == 126 ? 2 : length == 127 ? 8 : 0);
        if (to->head_size < head + 4 * masked)
            continue;
        uint64_t left = length;
        if (length > 125)
            for (int i = left = 0; i < head - 2; i++)
                left = left << 8 | to->head[2 + i];
        memcpy(to->mask, to->head + head, 4);
        int opcode = to->head[0] & 15;
        if (opcode == 8)
            fail("closed by the relay");
        to->masked = masked, to->frame_left = left, to->frame_at = 0, to->head_size = 0, to->skip = opcode != 2;
    }
}

static void read_from(end *to) {
    static unsigned char room[READ];
    for (int turn = 0; turn < 8; turn++) {
        ssize_t bytes = recv(to->fd, room, sizeof room, 0);
        if (bytes == 0)
            fail("connection lost");
        if (bytes < 0) {
            if (errno != EAGAIN)
                fail("recv");
            return;
        }
        if (to->frames)
            take_frames(to, room, bytes);
        else
            take_messages(to, room, bytes);
        if (bytes < (ssize_t)sizeof room)
            return;
    }
}

/* Sending with a window: no receiver is more than `window` messages behind */

static void want_out(end *sender, int wanted) {
    if (sender->wants_out == wanted)
        return;
    struct epoll_event event = {EPOLLIN | (wanted ? EPOLLOUT : 0), {.ptr = sender}};
    epoll_ctl(epoll, EPOLL_CTL_MOD, sender->fd, &event);
    sender->wants_out = wanted;
}

static uint64_t slowest(const pair *some) {
    uint64_t least = some->receivers[0].taken;
    for (int i = 1; i < some->receiver_count; i++)
        if (some->receivers[i].taken < least)
            least = some->receivers[i].taken;
    return least;
}

static void pump(pair *some) {
    static unsigned char *message;
    if (!message)
        message = malloc(LENGTH + size);
    for (;;) {
        if (some->out_at == some->out_size) {
            some->out_at = some->out_size = 0;
            while (some->sent < slowest(some) + window && some->out_size + LENGTH + size + 14 <= BURST + LENGTH + size + 14
                   && some->out_size < BURST) {
                size_t bytes = put_message(message, some->sent++, 0, 0);
                some->out_size += put_frame(some->out + some->out_size, message, bytes);
            }
            if (!some->out_size)
                break;
        }
        ssize_t done = send(some->sender.fd, some->out + some->out_at, some->out_size - some->out_at, MSG_NOSIGNAL);
        if (done < 0) {
            if (errno != EAGAIN)
                fail("send");
            want_out(&some->sender, 1);
            return;
        }
        some->out_at += done;
    }
    want_out(&some->sender, 0);
}

/* Connections */

static int dial(int port) {
    static int dialled; /* from many addresses, since a relay takes only so many connections from one */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)}, ours = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ours.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + dialled++ / 100);
    if (bind(fd, (void *)&ours, sizeof ours))
        fail("bind");
    if (connect(fd, (void *)&address, sizeof address))
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static void say(int fd, const char *hex) {
    unsigned char said[LINE / 2];
    size_t bytes = strlen(hex) / 2;
    for (size_t i = 0; i < bytes; i++)
        sscanf(hex + 2 * i, "%2hhx", &said[i]);
    write_all(fd, said, bytes);
}

static void upgrade(int fd, const char *hex) {
    char answer[8192];
    size_t seen = 0;
    say(fd, hex);
    while (seen < 4 || memcmp(answer + seen - 4, "\r\n\r\n", 4)) {
        if (seen == sizeof answer - 1 || recv(fd, answer + seen, 1, 0) != 1)
            fail("the upgrade was not answered");
        seen++;
    }
    answer[seen] = 0;
    if (!strstr(answer, " 101 "))
        errno = 0, fail(answer);
}

static int listener_on(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (void *)&address, sizeof address) || listen(fd, 4096))
        fail("listen");
    return fd;
}

static void watch(end *some, int fd, int frames, int sends, pair *of) {
    struct epoll_event event = {EPOLLIN, {.ptr = some}};
    some->fd = fd, some->frames = frames, some->sends = sends, some->pair = of;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void open_all(void) {
    static char line[LINE], word[16], rest[LINE];
    int listener = -1, listening = 0, kind_frames = 0;
    while (fgets(line, sizeof line, stdin)) {
        int index, port;
        if (sscanf(line, "%15s %d %d %s", word, &index, &port, rest) != 4)
            fail("spec");
        if (index >= pair_count) {
            pairs = realloc(pairs, (index + 1) * sizeof(pair));
            memset(pairs + pair_count, 0, (index + 1 - pair_count) * sizeof(pair));
            pair_count = index + 1;
        }
    }
    rewind(stdin);
    while (fgets(line, sizeof line, stdin)) {
        int index, port;
        sscanf(line, "%15s %d %d %s", word, &index, &port, rest);
        pair *some = &pairs[index];
        if (!strcmp(word, "listen")) {
            if (port != listening)
                listener = listener_on(port), listening = port;
            kind_frames = !strcmp(rest, "ws");
            continue;
        }
        if (!strcmp(word, "say")) {
            say(some->sender.fd, rest);
            continue;
        }
        int fd = dial(port);
        if (strcmp(rest, "-"))
            upgrade(fd, rest);
        if (!strcmp(word, "take")) {
            watch(&some->receivers[some->receiver_count++], fd, 1, 0, some);
            continue;
        }
        some->out = malloc(BURST + 2 * (LENGTH + size + 14));
        watch(&some->sender, fd, 1, 1, some);
        if (listener >= 0) {
            int yes = 1, accepted = accept(listener, NULL, NULL);
            if (accepted < 0)
                fail("accept");
            setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            watch(&some->receivers[some->receiver_count++], accepted, kind_frames, 0, some);
        }
    }
}

static void turn(int pumping) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll, events, 256, 2000);
    if (count == 0) {
        errno = 0;
        fail("nothing came for two seconds");
    }
    for (int i = 0; i < count; i++) {
        end *some = events[i].data.ptr;
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            read_from(some);
        if (pumping)
            pump(some->pair);
    }
}

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void flow(double seconds, const char *pids) {
    for (int i = 0; i < pair_count; i++)
        pump(&pairs[i]);
    uint64_t warm = nanoseconds() + WARM_MS * 1000000ull;
    while (nanoseconds() < warm)
        turn(1);
    double cpu = over(pids, add_cpu);
    uint64_t began = nanoseconds(), before = taken_total, until = began + (uint64_t)(seconds * 1e9);
    while (nanoseconds() < until)
        turn(1);
    double lasted = (nanoseconds() - began) / 1e9;
    cpu = over(pids, add_cpu) - cpu;
    uint64_t messages = taken_total - before;
    double gb = (double)messages * (LENGTH + size) / 1e9;
    printf("{\"messages\": %lu, \"seconds\": %.4f, \"cpu\": %.6f, \"cpu_per_gb\": %.5f, \"mb_per_second\": %.1f}\n",
           (unsigned long)messages, lasted, cpu, gb > 0 ? cpu / gb : -1, gb * 1000 / lasted);
}

static void ping(double seconds) {
    pings = malloc(sizeof(uint64_t) * 4000000);
    uint64_t until = nanoseconds() + (uint64_t)(seconds * 1e9);
    for (uint64_t serial = 0; nanoseconds() < until; serial++) {
        send_one(&pairs[0].sender, serial, nanoseconds(), 0);
        while (pairs[0].sender.taken <= serial)
            turn(0);
    }
    qsort(pings, ping_count, sizeof *pings, by_value);
    printf("{\"round_trips\": %zu, \"median_us\": %.2f, \"p99_us\": %.2f}\n", ping_count, pings[ping_count / 2] / 1e3,
           pings[ping_count * 99 / 100] / 1e3);
}

int main(int count, char **words) {
    if (count != 6)
        errno = 0, fail("load MODE SIZE WINDOW SECONDS PIDS < spec");
    pictures = !strcmp(words[1], "fan");
    size = atoi(words[2]), window = atoi(words[3]);
    double seconds = atof(words[4]);
    if (size < HEADER + 24)
        errno = 0, fail("a message has at least 48 bytes");
    epoll = epoll_create1(0);
    double before = over(words[5], add_memory);
    open_all();
    usleep(150000);
    if (!strcmp(words[1], "flow") || pictures)
        flow(seconds, words[5]);
    else if (!strcmp(words[1], "ping"))
        ping(seconds);
    else {
        int ends = 0;
        usleep((useconds_t)(seconds * 1e6));
        for (int i = 0; i < pair_count; i++)
            ends += 1 + pairs[i].receiver_count;
        printf("{\"connections\": %d, \"kib_each\": %.3f}\n", ends, (over(words[5], add_memory) - before) / ends);
    }
    return 0;
}
