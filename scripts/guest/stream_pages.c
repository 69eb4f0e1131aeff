// Moves the pages of ftrace's ring buffers out of the guest while it runs: stream_pages FROM TO [FROM TO...]
// FROM is a per_cpu/cpuN/trace_pipe_raw, TO a port to the host. One process for each pair. After SIGTERM it moves what
// is left and ends; the exit status says whether every page went out whole.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };
static volatile sig_atomic_t ending;
static pid_t movers[256];
static int count;

static void end(int number) {
  ending = 1;
  for (int i = 0; i < count; i++) kill(movers[i], number);
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

int main(int arguments, char **argument) {
  struct sigaction action = {.sa_handler = end};
  struct sched_param urgent = {.sched_priority = 1};
  int status = 0, failed = 0;
  sigaction(SIGTERM, &action, NULL);
  sched_setscheduler(0, SCHED_FIFO, &urgent); // its pages must leave also when everyone wants the CPUs
  for (int i = 1; i + 1 < arguments && count < 256; i += 2) {
    pid_t child = fork();
    if (child == 0) {
      count = 0;
      return move(argument[i], argument[i + 1]);
    }
    if (child > 0) movers[count++] = child;
    else failed = 1;
  }
  for (int i = 0; i < count; i++) {
    while (waitpid(movers[i], &status, 0) < 0 && errno == EINTR) {}
    if (status) failed = 1;
  }
  return failed;
}
