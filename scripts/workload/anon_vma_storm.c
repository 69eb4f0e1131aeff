/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations on anonymous memory by several threads and their forked children at once, in one arena a
 * process: what single-threaded stressors never do. anon_vma_storm SECONDS [PROCESSES [THREADS]]
 * Exits with 0 whatever the kernel refuses: only the recording matters.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARENA_PAGES = 1536, MAX_GENERATION = 4 };
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef UFFDIO_MOVE
struct uffdio_move {
	uint64_t dst, src, len, mode;
	int64_t move;
};
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#define UFFD_FEATURE_MOVE (1 << 16)
#endif

/* A page's size, bytes. */
static size_t PAGE;
static char *arena;
static time_t end;
static int generation, uffd = -1, threads = 3;

static uint32_t next(uint64_t *seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Threads unmap one another's pages: a write there ends by a signal, which jumps over the operation. */
static __thread sigjmp_buf *landing;
static void on_fault(int number) {
	(void)number;
	if (landing) siglongjmp(*landing, 1);
	_exit(1);
}

static void touch(char *at, uint32_t pages, uint32_t value) {
	sigjmp_buf here;
	landing = &here;
	if (sigsetjmp(here, 1) == 0)
		for (uint32_t page = 0; page < pages; page++) {
			volatile char *p = at + page * PAGE;
			if (value % 4) *p = (char)value; else (void)*p;
		}
	landing = NULL;
}

static void storm(uint64_t seed);
static void *thread(void *seed) {
	storm((uintptr_t)seed);
	return NULL;
}

static void child_of(uint64_t seed, int kind) {
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (++generation > MAX_GENERATION || kind == 0) {
			touch(arena + seed % 64 * PAGE, 24, 1);
			_exit(0);
		}
		if (kind == 1) execl("/bin/true", "true", NULL);
		end = end < time(NULL) + 1 ? end : time(NULL) + 1;
		uffd = -1;
		pthread_t second;
		int more = kind == 2 && pthread_create(&second, NULL, thread, (void *)(uintptr_t)(seed * 31 + 7)) == 0;
		storm(seed + 1);
		if (more && seed % 2) pthread_join(second, NULL);
		_exit(0);
	}
	if (pid > 0 && kind == 3) {
		usleep(2000);
		kill(pid, SIGKILL);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0) continue;
}

static void move_by_fault_handler(char *to, char *from, uint32_t length) {
	if (uffd < 0) return;
	struct uffdio_register range = {
			.range = {(uintptr_t)to, length}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	if (ioctl(uffd, UFFDIO_REGISTER, &range)) return;
	struct uffdio_move move = {.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = length, .mode = 2};
	ioctl(uffd, UFFDIO_MOVE, &move);
	ioctl(uffd, UFFDIO_UNREGISTER, &range.range);
}

static void step(uint64_t *seed) {
	static const int advice[] = {MADV_DONTNEED, MADV_FREE,      MADV_COLD,      21 /* PAGEOUT */, 21, 21,
															 MADV_COLLAPSE, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE,  MADV_NOHUGEPAGE,
															 MADV_DONTFORK, MADV_DOFORK,    MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_WILLNEED,
															 23 /* POPULATE_WRITE */, MADV_SOFT_OFFLINE};
	uint32_t first = next(seed) % ARENA_PAGES, pages = 1 + next(seed) % 40, kind = next(seed) % 100;
	if (next(seed) % 8 == 0) first &= ~511u, pages = 512;
	if (first + pages > ARENA_PAGES) pages = ARENA_PAGES - first;
	char *at = arena + (size_t)first * PAGE;
	char *other = arena + (size_t)(next(seed) % (ARENA_PAGES - pages + 1)) * PAGE;
	size_t length = (size_t)pages * PAGE;
	if (kind < 34) {
		touch(at, pages, next(seed));
	} else if (kind < 54) {
		int what = advice[next(seed) % (sizeof advice / sizeof *advice)];
		/* Offlined pages never come back: rarely. */
		if (what == MADV_SOFT_OFFLINE && next(seed) % 8) return;
		if (what == MADV_SOFT_OFFLINE) length = PAGE;
		madvise(at, length, what);
	} else if (kind < 64) {
		mprotect(at, length, next(seed) % 3 ? PROT_READ | PROT_WRITE : PROT_READ);
	} else if (kind < 70) {
		munmap(at, length);
		if (next(seed) % 4)
			mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	} else if (kind < 76) {
		mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	} else if (kind < 84) {
		int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (next(seed) % 4 ? 0 : 4 /* DONTUNMAP */);
		mremap(at, length, length, flags, other);
	} else if (kind < 88) {
		if (pages > 1) mremap(at, length, length / PAGE / 2 * PAGE + PAGE, 0);
	} else if (kind < 91) {
		move_by_fault_handler(other, at, length);
	} else if (kind < 94) {
		int node = (int)(next(seed) % 2);
		unsigned long mask = 1ul << node;
		syscall(SYS_mbind, at, length, 1 /* PREFERRED */, &mask, 8, 2 /* MOVE */);
	} else if (kind < 97) {
		mlock(at, length), munlock(at, length);
	} else {
		child_of(*seed, (int)(next(seed) % 4));
	}
}

static void storm(uint64_t seed) {
	while (time(NULL) < end) step(&seed);
}

static int process(uint64_t seed) {
	arena = mmap(NULL, (size_t)ARENA_PAGES * PAGE + (2 << 20), PROT_READ | PROT_WRITE,
							 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED) return 1;
	arena = (char *)(((uintptr_t)arena + (2 << 20) - 1) & ~(uintptr_t)((2 << 20) - 1));
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* USER_MODE_ONLY */);
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MOVE | UFFD_FEATURE_SIGBUS};
	if (uffd >= 0 && ioctl(uffd, UFFDIO_API, &api)) close(uffd), uffd = -1;
	pthread_t all[16];
	for (int n = 0; n < threads; n++)
		if (pthread_create(&all[n], NULL, thread, (void *)(uintptr_t)(seed * 1000 + n))) return 1;
	for (int n = 0; n < threads; n++) pthread_join(all[n], NULL);
	return 0;
}

static pid_t start(uint64_t seed) {
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		_exit(process(seed));
	}
	return pid;
}

int main(int count, char **words) {
	int seconds = count > 1 ? atoi(words[1]) : 5, processes = count > 2 ? atoi(words[2]) : 3;
	if (count > 3) threads = atoi(words[3]);
	if (seconds < 1 || processes < 1 || processes > 64 || threads < 1 || threads > 16) {
		fprintf(stderr, "usage: anon_vma_storm SECONDS [PROCESSES (at most 64) [THREADS (at most 16)]]\n");
		return 2;
	}
	PAGE = (size_t)sysconf(_SC_PAGESIZE);
	end = time(NULL) + seconds;
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	pid_t all[64];
	uint64_t seed = 1;
	for (int n = 0; n < processes; n++) all[n] = start(seed++);
	/* A process that has unmapped its own stack is followed by another one; at the end all are killed. */
	while (time(NULL) <= end) {
		for (int n = 0; n < processes; n++)
			if (waitpid(all[n], NULL, WNOHANG) == all[n] && time(NULL) < end) all[n] = start(seed++);
		usleep(20000);
	}
	for (int n = 0; n < processes; n++) kill(-all[n], SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR) continue;
	return 0;
}
