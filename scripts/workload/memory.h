/* SPDX-License-Identifier: Apache-2.0 */
/* What the workloads of the debate of 2026 have in common: zygote, moving_heap, save_fork. */
#ifndef WORKLOAD_MEMORY_H
#define WORKLOAD_MEMORY_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Bytes of a page: 4, 16 or 64 KiB. */
#define PAGE ((long)getpagesize())

static inline void fail(const char *what) {
	perror(what);
	exit(1);
}

/* The same numbers in every run. */
static inline uint32_t next(void) {
	static uint64_t seed = 7;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 33;
}

/* A page in the middle is made read-only and writable again, as a guard or a write barrier: two splits, two merges. */
static inline void protect_and_back(char *at, int page) {
	if (mprotect(at + page * PAGE, PAGE, PROT_READ) || mprotect(at + page * PAGE, PAGE, PROT_READ | PROT_WRITE))
		fail("mprotect");
}

/* Moves pages to a NUMA node, as compaction or NUMA balancing would: also those that others map. */
static inline void migrate(char *at, int pages, int node) {
	enum { MOST = 16, MOVE_ALL = 1 << 2 };
	void *addresses[MOST];
	int nodes[MOST], moved[MOST], count = pages < MOST ? pages : MOST;
	for (int page = 0; page < count; page++) {
		addresses[page] = at + page * PAGE;
		nodes[page] = node;
	}
	/* A machine with one node has nowhere to move them to. */
	if (syscall(SYS_move_pages, 0, (long)count, addresses, nodes, moved, MOVE_ALL) < 0 && errno != ENODEV)
		fail("move_pages");
}

#endif
