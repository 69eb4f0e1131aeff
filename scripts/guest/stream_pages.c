// Moves the pages of ftrace's ring buffers out of the guest while it runs: stream_pages MARKER FROM TO [FROM TO...]
// FROM is a per_cpu/cpuN/trace_pipe_raw, TO a port to the host. Two processes for each pair: one moves the pages; the other
// one runs on CPU N and writes into MARKER, the trace_marker, each 50 ms: an idle CPU's stream, too, shows then up to when
// it is whole. After SIGTERM they move what is left and end; the exit status says whether every page went out whole.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, BEAT_US = 50000 };
static volatile sig_atomic_t ending;
static pid_t children[512];
static int count;

static void end(int number) {
  ending = 1;
  for (int i = 0; i < count; i++) kill(children[i], number);
}

static int write_all(int to, const char *page, ssize_t size) {
  while (size > 0) {
    ssize_t written = write(to, page, (size_t)size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      usleep(500);
      continue;
    }
    if (written <= 0) return -1;
    page += written;
    size -= written;
  }
  return 0;
}

// A page of which only a part is filled is taken too: what waits in the buffer dies with the kernel.
static int move(const char *source, const char *target) {
  static char page[PAGE];
  int from = open(source, O_RDONLY | O_NONBLOCK), to = open(target, O_WRONLY);
  if (from < 0 || to < 0) {
    fprintf(stderr, "stream_pages: %s or %s: %s\n", source, target, strerror(errno));
    return 1;
  }
  for (;;) {
    int last = ending;
    ssize_t size = read(from, page, sizeof page);
    if (size > 0) {
      // The host cuts the stream into pages: each has its full size, whatever of it is filled.
      memset(page + size, 0, sizeof page - (size_t)size);
      if (write_all(to, page, sizeof page)) {
        fprintf(stderr, "stream_pages: %s: %s\n", target, strerror(errno));
        return 1;
      }
    } else if (size < 0 && errno != EAGAIN && errno != EINTR) {
      fprintf(stderr, "stream_pages: %s: %s\n", source, strerror(errno));
      return 1;
    } else if (last) {
      return 0;
    } else {
      usleep(1000);
    }
  }
}

static int beat(const char *source, const char *marker) {
  const char *name = strstr(source, "/cpu");
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(name ? atoi(name + strlen("/cpu")) : 0, &cpus);
  int to = open(marker, O_WRONLY);
  if (to < 0 || sched_setaffinity(0, sizeof cpus, &cpus)) {
    fprintf(stderr, "stream_pages: no heartbeat for %s: %s\n", source, strerror(errno));
    return 0; // Less is proved without; the recording is whole.
  }
  // EBADF: tracing is off by now.
  while (!ending) {
    if (write(to, "heartbeat", 9) < 0 && errno != EBADF && errno != EINTR) return 0;
    usleep(BEAT_US);
  }
  return 0;
}

int main(int arguments, char **argument) {
  struct sigaction action = {.sa_handler = end};
  struct sched_param urgent = {.sched_priority = 1};
  int status = 0, failed = 0;
  sigaction(SIGTERM, &action, NULL);
  sched_setscheduler(0, SCHED_FIFO, &urgent); // its pages must leave also when everyone wants the CPUs
  for (int i = 2; i + 1 < arguments && count + 1 < 512; i += 2) {
    for (int beats = 0; beats <= 1; beats++) {
      pid_t child = fork();
      if (child == 0) {
        count = 0;
        return beats ? beat(argument[i], argument[1]) : move(argument[i], argument[i + 1]);
      }
      if (child > 0) children[count++] = child;
      else failed = 1;
    }
  }
  for (int i = 0; i < count; i++) {
    while (waitpid(children[i], &status, 0) < 0 && errno == EINTR) {}
    if (status) failed = 1;
  }
  return failed;
}
