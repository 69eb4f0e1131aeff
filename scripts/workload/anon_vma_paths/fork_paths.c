// SPDX-License-Identifier: Apache-2.0
// Paths over several processes: fork trees and chains, exec, threads.
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void child_writes(void)
{
	size_t pages = 16 * scale;
	char *area = map_pages(pages, RW);
	pid_t child;

	fill(area, pages, 50);
	child = spawn();
	if (!child) {
		verify(area, pages, 50);
		fill(area, pages / 2, 51);
		verify(area, pages / 2, 51);
		done();
	}
	reap(child);
	verify(area, pages, 50);
	fill(area, pages, 52);	/* the pages are the parent's alone again: reused, not copied */
	verify(area, pages, 52);
	unmap(area, pages);
}

/* The parent copies; the child keeps the parent's old pages, and reuses them when it is alone. */
static void parent_writes(void)
{
	size_t pages = 16 * scale;
	char *area = map_pages(pages, RW);
	struct gate gate = make_gate();
	pid_t child;

	fill(area, pages, 53);
	child = spawn();
	if (!child) {
		wait_gate(&gate);
		verify(area, pages, 53);
		fill(area, pages, 54);
		verify(area, pages, 54);
		done();
	}
	fill(area, pages, 55);
	open_gate(&gate);
	reap(child);
	verify(area, pages, 55);
	unmap(area, pages);
}

static void fork_wide(void)
{
	enum { MAX_CHILDREN = 64 };
	unsigned int count = 8 * scale < MAX_CHILDREN ? 8 * scale : MAX_CHILDREN;
	size_t pages = 8 * scale;
	char *area = map_pages(pages, RW);
	struct gate gate = make_gate();
	pid_t children[MAX_CHILDREN];

	fill(area, pages, 60);
	for (unsigned int i = 0; i < count; i++) {
		children[i] = spawn();
		if (!children[i]) {
			pin_to_cpu(i);
			verify(area, pages, 60);
			fill(area, pages / 2, 61 + i);
			wait_gate(&gate);
			verify(area, pages / 2, 61 + i);
			done();
		}
	}
	open_gate(&gate);
	for (unsigned int i = 0; i < count; i++)
		reap(children[i]);
	verify(area, pages, 60);
	unmap(area, pages);
}

/* Each level copies a page of its own and forks the next; all live until the deepest has ended. */
static void live_level(char *area, size_t pages, unsigned int level, unsigned int depth)
{
	pid_t child;

	fill_page(PAGE(area, level % pages), level % pages, 100 + level);
	if (level == depth)
		return;
	child = spawn();
	if (!child) {
		verify_page(PAGE(area, level % pages), level % pages, 100 + level);
		live_level(area, pages, level + 1, depth);
		done();
	}
	reap(child);
	verify_page(PAGE(area, level % pages), level % pages, 100 + level);
}

static void live_chain(void)
{
	size_t pages = 8;
	char *area = map_pages(pages, RW);

	fill(area, pages, 99);
	live_level(area, pages, 0, 10 * scale);
	unmap(area, pages);
}

/* The growth of 2014: a process forks and exits, its child goes on, and so forth. Without reuse each
 * level adds an anon_vma that nobody uses but everybody walks. A level forks only when the one before
 * it is gone, so that reuse has its chance. */
static void dead_level(char *area, size_t pages, unsigned int level, unsigned int depth)
{
	for (; level < depth; level++) {
		struct gate gate = make_gate();

		verify_page(PAGE(area, level % pages), level % pages, level < pages ? 99 : 200);
		fill_page(PAGE(area, level % pages), level % pages, 200);
		if (spawn())
			done();
		wait_gate(&gate);
	}
	for (size_t i = 0; i < pages; i++)
		verify_page(PAGE(area, i), i, i < depth ? 200 : 99);
	done();
}

static void endless_growth(void)
{
	size_t pages = 8;
	char *area = map_pages(pages, RW);
	pid_t child;
	int status;

	fill(area, pages, 99);
	/* Orphans come to us and not to process 1. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		die("PR_SET_CHILD_SUBREAPER");
	child = spawn();
	if (!child)
		dead_level(area, pages, 0, 56 * scale);
	while ((child = wait(&status)) > 0) {
		errno = 0;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			die("a level of the chain ended with status %#x", status);
	}
	if (errno != ECHILD)
		die("wait");
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	verify(area, pages, 99);
	unmap(area, pages);
}

static void split_in_child(void)
{
	size_t pages = 12 * scale;
	char *area = map_pages(pages, RW);
	pid_t child;

	fill(area, pages, 70);
	child = spawn();
	if (!child) {
		pid_t grandchild;

		protect(PAGE(area, pages / 3), pages / 3, PROT_READ);
		grandchild = spawn();
		if (!grandchild) {
			verify(area, pages, 70);
			protect(area, pages, RW);
			fill(area, pages, 71);
			unmap(PAGE(area, pages / 2), 1);
			done();
		}
		reap(grandchild);
		unmap(area, pages / 3);
		verify_page(PAGE(area, pages - 1), pages - 1, 70);
		done();
	}
	protect(area, pages / 4, PROT_READ);
	reap(child);
	protect(area, pages / 4, RW);
	verify(area, pages, 70);
	unmap(area, pages);
}

static void wipe_on_fork(void)
{
	size_t pages = 8 * scale;
	char *area = map_pages(pages, RW);
	pid_t child;

	fill(area, pages, 80);
	if (!try_advise(area, pages / 2, MADV_WIPEONFORK))
		skip("no MADV_WIPEONFORK");
	else {
		child = spawn();
		if (!child) {
			verify_zero(area, pages / 2);
			verify_page(PAGE(area, pages - 1), pages - 1, 80);
			fill(area, pages, 81);
			done();
		}
		reap(child);
		advise(area, pages / 2, MADV_KEEPONFORK, "MADV_KEEPONFORK");
	}
	verify(area, pages, 80);
	unmap(area, pages);
}

static void dont_fork(void)
{
	size_t pages = 8 * scale;
	char *area = map_pages(pages, RW);
	pid_t child;

	fill(area, pages, 82);
	advise(area, pages / 2, MADV_DONTFORK, "MADV_DONTFORK");
	child = spawn();
	if (!child) {
		/* The first half is not there: something else can be mapped in its place. */
		map_pages_at(area, pages / 2, RW, MAP_FIXED_NOREPLACE);
		fill(area, pages, 83);
		done();
	}
	reap(child);
	advise(area, pages / 2, MADV_DOFORK, "MADV_DOFORK");
	verify(area, pages, 82);
	unmap(area, pages);
}

static char *const again[] = { "anon_vma_paths", "--exec-child", NULL };

static void fork_exec(void)
{
	pid_t child = spawn();

	if (!child) {
		execv("/proc/self/exe", again);
		die("execv");
	}
	reap(child);
}

static void vfork_exec(void)
{
	pid_t child = vfork();

	if (child < 0)
		die("vfork");
	if (!child) {
		execv("/proc/self/exe", again);
		_exit(1);
	}
	reap(child);
}

struct faulting {
	pthread_barrier_t barrier;
	char *area;
	size_t pages;
	unsigned int threads;
};

struct faulter {
	struct faulting *shared;
	unsigned int number;
};

static void *fault_interleaved(void *argument)
{
	struct faulter *self = argument;
	struct faulting *shared = self->shared;

	pin_to_cpu(self->number);
	pthread_barrier_wait(&shared->barrier);
	for (size_t i = self->number; i < shared->pages; i += shared->threads)
		fill_page(PAGE(shared->area, i), i, 90);
	return NULL;
}

/* The threads race for the first fault of a fresh VMA: one prepare wins. */
static void threads(void)
{
	enum { THREADS = 4 };
	struct faulting shared = { .pages = 16 * scale, .threads = THREADS };
	struct faulter faulters[THREADS];
	pthread_t handles[THREADS];

	for (unsigned int round = 0; round < 4; round++) {
		shared.area = map_pages(shared.pages, RW);
		if (pthread_barrier_init(&shared.barrier, NULL, THREADS))
			die("pthread_barrier_init");
		for (unsigned int i = 0; i < THREADS; i++) {
			faulters[i] = (struct faulter){ &shared, i };
			if (pthread_create(&handles[i], NULL, fault_interleaved, &faulters[i]))
				die("pthread_create");
		}
		for (unsigned int i = 0; i < THREADS; i++)
			pthread_join(handles[i], NULL);
		verify(shared.area, shared.pages, 90);
		pthread_barrier_destroy(&shared.barrier);
		unmap(shared.area, shared.pages);
	}
}

const struct path fork_paths[] = {
	{ "child-writes", child_writes, "fork, the child copies" },
	{ "parent-writes", parent_writes, "fork, the parent copies, the child reuses" },
	{ "fork-wide", fork_wide, "many children of one parent" },
	{ "live-chain", live_chain, "a chain of live processes, each forked by the last" },
	{ "endless-growth", endless_growth, "a chain in which each parent exits: anon_vma reuse" },
	{ "split-in-child", split_in_child, "splits on each level of a fork tree" },
	{ "wipe-on-fork", wipe_on_fork, "MADV_WIPEONFORK" },
	{ "dont-fork", dont_fork, "MADV_DONTFORK" },
	{ "fork-exec", fork_exec, "fork and exec" },
	{ "vfork-exec", vfork_exec, "vfork and exec" },
	{ "threads", threads, "threads race for the first fault" },
	{ NULL, NULL, NULL },
};
