/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database that forks to save, as Redis does: a large parent, a child that reads all of it and exits, and a parent
 * that goes on writing meanwhile; between two saves it grows a buffer and is compacted. save_fork [SAVES [PAGES]]
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "memory.h"

enum { ARENAS = 8 };

static char *arenas[ARENAS];

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
	int saves = argc > 1 ? atoi(argv[1]) : 6, pages = argc > 2 ? atoi(argv[2]) : 88;
	for (int arena = 0; arena < ARENAS; arena++) {
		arenas[arena] = mmap(NULL, (size_t)(pages + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (arenas[arena] == MAP_FAILED) fail("mmap");
		if (mprotect(arenas[arena], (size_t)pages * PAGE, PROT_READ | PROT_WRITE)) fail("mprotect");
		for (int page = 0; page < pages; page++) arenas[arena][(size_t)page * PAGE] = 1;
	}
	size_t size = 4 * PAGE;
	char *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED) fail("mmap");
	for (int count = 0; count < saves; count++) {
		pid_t pid = fork();
		if (pid < 0) fail("fork");
		if (pid == 0) save(pages);
		for (int writes = 0; writes < 120; writes++)
			arenas[next() % ARENAS][(size_t)(next() % pages) * PAGE] += 1;
		/* Memory is short while it saves. */
		if (count == 2) madvise(arenas[0], (size_t)pages * PAGE, MADV_PAGEOUT);
		/* Half-way through its saving: the replies pile up, an arena is guarded for a moment, memory is compacted. */
		buffer[0] += 1;
		buffer = mremap(buffer, size, size + 8 * PAGE, MREMAP_MAYMOVE);
		if (buffer == MAP_FAILED) fail("mremap");
		size += 8 * PAGE;
		if (count == 1) protect_and_back(arenas[1], pages / 2);
		if (count == 3)
			for (int node = 0; node < 2; node++) migrate(arenas[2], 16, node);
		waitpid(pid, NULL, 0);
		for (int writes = 0; writes < 60; writes++)
			arenas[next() % ARENAS][(size_t)(next() % pages) * PAGE] += 1;
	}
	return 0;
}
