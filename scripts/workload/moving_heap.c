/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compacting collector that moves memory by mremap, as ZGC and Android's heaps do: regions move to free places, what
 * they leave is mapped anew, now and then one is moved back, and children are forked in between.
 * moving_heap [MOVES]
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, REGION = 16 * PAGE, REGIONS = 48, PLACES = 160 };

static char *arena;
static int place_of[REGIONS], is_taken[PLACES];

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static uint32_t next(void) {
	static uint64_t seed = 7;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 33;
}

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
	if (number == 2) madvise(arena + (size_t)place_of[0] * REGION, REGION, MADV_PAGEOUT);
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
