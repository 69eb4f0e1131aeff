/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compacting collector that moves memory by mremap, as ZGC and Android's heaps do: regions move to free places, what
 * they leave is mapped anew, now and then one is protected for a moment or migrated, and children are forked in between.
 * moving_heap [MOVES]
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "memory.h"

#define REGION (16 * PAGE)
enum { REGIONS = 48, PLACES = 160 };

static char *arena;
static int place_of[REGIONS], is_taken[PLACES];

static void fill(int place) {
	char *at = arena + (size_t)place * REGION;
	if (mmap(at, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		fail("mmap");
	for (int page = 0; page < 6; page++) at[page * PAGE] = 1;
}

static void move(int region) {
	int from = place_of[region], to;
	do to = next() % PLACES;
	while (is_taken[to]);
	char *old = arena + (size_t)from * REGION, *new = arena + (size_t)to * REGION;
	if (mremap(old, REGION, REGION, MREMAP_MAYMOVE | MREMAP_FIXED, new) == MAP_FAILED) fail("mremap");
	/* What it has left is reserved again, as a heap's address range is. */
	if (mmap(old, REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) fail("mmap");
	is_taken[from] = 0;
	is_taken[to] = 1;
	place_of[region] = to;
	new[(next() % 16) * PAGE] += 1;
}

static void child(int number) {
	for (int region = number; region < REGIONS; region += 4) arena[(size_t)place_of[region] * REGION] += 1;
	for (int count = 0; count < 6; count++) move(next() % REGIONS);
	/* Its own pages go to swap and come back: what it shares with the parent stays. */
	char *at = arena + (size_t)place_of[number] * REGION;
	for (int page = 0; page < 6; page++) at[page * PAGE] += 1;
	madvise(at, REGION, MADV_PAGEOUT);
	at[0] += 1;
	_exit(0);
}

int main(int argc, char **argv) {
	int moves = argc > 1 ? atoi(argv[1]) : 240;
	arena = mmap(NULL, (size_t)PLACES * REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED) fail("mmap");
	for (int region = 0; region < REGIONS; region++) {
		place_of[region] = region * 2;
		is_taken[region * 2] = 1;
		fill(region * 2);
	}
	for (int count = 0; count < moves; count++) {
		move(next() % REGIONS);
		if (count % 20 == 13) {
			int region = next() % REGIONS;
			munmap(arena + (size_t)place_of[region] * REGION, REGION);
			fill(place_of[region]);
		}
		if (count % 60 == 31) protect_and_back(arena + (size_t)place_of[next() % REGIONS] * REGION, 8);
		if (count % 80 == 71) migrate(arena + (size_t)place_of[next() % REGIONS] * REGION, 6, count / 80 % 2);
		if (count % 40 == 39) {
			pid_t pid = fork();
			if (pid < 0) fail("fork");
			if (pid == 0) child(count / 40 % 4);
			if (count % 80 == 39) waitpid(pid, NULL, 0);
		}
	}
	while (wait(NULL) > 0) continue;
	return 0;
}
