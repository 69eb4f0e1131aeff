/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that forks to save, as Redis does: a large parent, a child that reads all of it and exits, and a parent
 * that goes on writing meanwhile. save_fork [SAVES [PAGES]]
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, ARENAS = 8 };

static char *arenas[ARENAS];

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static uint32_t next(void) {
	static uint64_t seed = 11;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 33;
}

static void save(int pages) {
	volatile char sum = 0;
	for (int arena = 0; arena < ARENAS; arena++)
		for (int page = 0; page < pages; page++) sum += arenas[arena][(size_t)page * PAGE];
	/* Its own buffer for what it writes out. */
	char *buffer = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED) fail("mmap");
	for (int page = 0; page < 16; page++) buffer[page * PAGE] = sum;
	_exit(0);
}

int main(int argc, char **argv) {
	int saves = argc > 1 ? atoi(argv[1]) : 6, pages = argc > 2 ? atoi(argv[2]) : 96;
	for (int arena = 0; arena < ARENAS; arena++) {
		arenas[arena] = mmap(NULL, (size_t)(pages + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (arenas[arena] == MAP_FAILED) fail("mmap");
		if (mprotect(arenas[arena], (size_t)pages * PAGE, PROT_READ | PROT_WRITE)) fail("mprotect");
		for (int page = 0; page < pages; page++) arenas[arena][(size_t)page * PAGE] = 1;
	}
	for (int count = 0; count < saves; count++) {
		pid_t pid = fork();
		if (pid < 0) fail("fork");
		if (pid == 0) save(pages);
		for (int writes = 0; writes < 120; writes++)
			arenas[next() % ARENAS][(size_t)(next() % pages) * PAGE] += 1;
		/* Memory is short while it saves. */
		if (count == 2) madvise(arenas[0], (size_t)pages * PAGE, MADV_PAGEOUT);
		waitpid(pid, NULL, 0);
		for (int writes = 0; writes < 60; writes++)
			arenas[next() % ARENAS][(size_t)(next() % pages) * PAGE] += 1;
	}
	return 0;
}
