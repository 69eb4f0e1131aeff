/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Android's zygote and its apps do to anonymous memory: a warmed-up parent with many VMAs, some of them private
 * data of libraries, forks children that fault in what they inherit, map memory of their own, split it, share pages and
 * exit. Now and then a heap is protected and unprotected, moved as it grows, and migrated to another node.
 * zygote [CHILDREN [OWN [FORKING]]]: OWN mappings a child makes for itself; FORKING of the children fork a helper.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/wait.h>

#include "memory.h"

enum { HEAPS = 24, LIBRARIES = 16, HEAP_PAGES = 16 };

static char *heaps[HEAPS], *libraries[LIBRARIES];

/* A guard page in front keeps a mapping from merging with the one before it. */
static char *map(size_t pages) {
	char *at = mmap(NULL, (pages + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED || mprotect(at + PAGE, pages * PAGE, PROT_READ | PROT_WRITE)) fail("mmap");
	return at + PAGE;
}

static void touch(char *at, int pages) {
	for (int page = 0; page < pages; page++) at[page * PAGE] += 1;
}

static void warm_up(void) {
	int file = open("/proc/self/exe", O_RDONLY);
	if (file < 0) fail("/proc/self/exe");
	for (int i = 0; i < HEAPS; i++) touch(heaps[i] = map(HEAP_PAGES), 4);
	for (int i = 0; i < LIBRARIES; i++) {
		libraries[i] = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, (i + 1) * PAGE);
		if (libraries[i] == MAP_FAILED) fail("mmap of a file");
		touch(libraries[i], 1);
	}
	close(file);
	/* The linker opens a part of a library for relocations. */
	protect_and_back(libraries[0], 1);
}

/* A buffer that is moved as it grows. */
static void grow(void) {
	char *at = map(8);
	touch(at, 4);
	if (mremap(at, 8 * PAGE, 32 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED) fail("mremap");
}

static void app(int number, int own, int fork_each) {
	for (int i = number % 4; i < HEAPS; i += 4) touch(heaps[i] + PAGE * (number % 3), 2);
	for (int i = number % 5; i < LIBRARIES; i += 5) touch(libraries[i], 1);
	for (int i = 0; i < own; i++) {
		char *at = map(8);
		touch(at, 2);
		if (i % 16 == 0) mprotect(at + 4 * PAGE, 4 * PAGE, PROT_READ);
		if (i % 16 == 8) munmap(at, 8 * PAGE);
	}
	if (number % 8 == 2) protect_and_back(heaps[number % HEAPS], 4);
	if (number % 8 == 6) grow();
	if (number % 8 == 0) madvise(heaps[number % HEAPS], HEAP_PAGES * PAGE, MADV_PAGEOUT);
	if (number % 8 == 4) madvise(heaps[number % HEAPS], HEAP_PAGES * PAGE, MADV_DONTNEED);
	/* An app that starts a helper of its own. */
	if (fork_each && number % fork_each == 5 % fork_each && fork() == 0) {
		touch(heaps[0], 1);
		_exit(0);
	}
	while (wait(NULL) > 0) continue;
}

int main(int argc, char **argv) {
	int children = argc > 1 ? atoi(argv[1]) : 24, own = argc > 2 ? atoi(argv[2]) : 31;
	int forking = argc > 3 ? atoi(argv[3]) : 1, fork_each = forking ? children / forking : 0;
	int hold[2];
	if (pipe(hold)) fail("pipe");
	warm_up();
	for (int number = 0; number < children; number++) {
		pid_t pid = fork();
		if (pid < 0) fail("fork");
		if (pid == 0) {
			char byte;
			close(hold[1]);
			app(number, own, fork_each);
			/* Every third one is killed early, the others live until the parent is done. */
			if (number % 3) (void)!read(hold[0], &byte, 1);
			_exit(0);
		}
		touch(heaps[number % HEAPS], 1);
		if (number % 8 == 7) migrate(heaps[number % HEAPS], 4, number / 8 % 2);
	}
	for (int number = 0; number < (children + 2) / 3; number++) wait(NULL);
	touch(heaps[1], 4);
	close(hold[1]);
	while (wait(NULL) > 0) continue;
	return 0;
}
