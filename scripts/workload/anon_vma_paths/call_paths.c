// SPDX-License-Identifier: Apache-2.0
// Paths of system calls that come to the anon_vma code from aside: guard pages, clone in its forms, one process that works on
// another's memory, pages that go bad, swap that ends, write protection by userfaultfd, one mremap of several VMAs.
#include "support.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#define GUARD_INSTALL 102	/* MADV_GUARD_INSTALL, 6.13 */
#define GUARD_REMOVE 103
#define SOFT_OFFLINE 101	/* MADV_SOFT_OFFLINE */

/* Guard pages take the place of pages, go with a fork and a move, and go. */
static void guard_pages(void)
{
	size_t pages = 16 * scale, part = pages / 4;
	char *area = map_pages(pages, RW), *to = free_range(pages);
	pid_t child;

	fill(area, pages, 200);
	if (!try_advise(PAGE(area, part), part, GUARD_INSTALL)) {
		skip("no MADV_GUARD_INSTALL");
		unmap(area, pages);
		return;
	}
	protect(PAGE(area, part), part / 2, PROT_READ);
	protect(PAGE(area, part), part / 2, RW);
	child = spawn();
	if (!child) {
		verify(area, part, 200);
		advise(PAGE(area, part), part, GUARD_REMOVE, "MADV_GUARD_REMOVE");
		verify_zero(PAGE(area, part), part);
		fill(PAGE(area, part), part, 201);
		done();
	}
	if (mremap(area, pages * page_size, pages * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		die("mremap of guard pages");
	reap(child);
	advise(PAGE(to, part), part, GUARD_REMOVE, "MADV_GUARD_REMOVE");
	fill(PAGE(to, part), part, 202);
	verify(to, part, 200);
	unmap(to, pages);
}

/* A child that clone3 refuses after its memory was copied: its namespace for time is not its own, or its pid is taken. */
static void clone_fails(void)
{
	size_t pages = 12 * scale;
	char *area = map_pages(pages, RW);
	pid_t taken = getpid();
	struct clone_args arguments = { .exit_signal = SIGCHLD };
	struct {
		struct clone_args old;
		uint64_t room[4];
	} with_pid = { .old = arguments };
	long child;

	fill(area, pages, 203);
	for (int i = 0; i < 3; i++) {
		with_pid.old.set_tid = (uintptr_t)&taken;
		with_pid.old.set_tid_size = 1;
		child = syscall(SYS_clone3, &with_pid.old, sizeof(with_pid.old));
		if (!child)
			done();
		if (child > 0)
			die("clone3 gave a pid that is taken");
		if (errno != EEXIST)
			skip("clone3 with a pid: %s", strerror(errno));
		fill(area, pages / 2, 204);
	}
	verify(area, pages / 2, 204);
	unmap(area, pages);
}

/* More processes than the user may have: refused before any memory is copied. */
static void clone_over_limit(void)
{
	struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
	size_t pages = 8 * scale;
	char *area;
	pid_t child = spawn();

	if (child) {
		reap(child);
		return;
	}
	area = map_pages(pages, RW);
	fill(area, pages, 205);
	if (setrlimit(RLIMIT_NPROC, &none) || setuid(65534))
		die("giving up root");
	child = fork();
	if (!child)
		done();
	if (child > 0)
		reap(child);
	verify(area, pages, 205);
	done();
}

/* A fork whose address space is killed while it is being copied: several VMAs, many of them faulted. */
static void killed_fork(void)
{
	size_t parts = 60 * scale;
	pid_t parent = spawn();

	if (!parent) {
		char *area = map_pages(4 * parts, RW);

		for (size_t i = 0; i < parts; i++) {
			fill(PAGE(area, 4 * i), 3, 206);
			protect(PAGE(area, 4 * i + 3), 1, PROT_READ);
		}
		for (;;) {
			pid_t child = fork();

			if (!child)
				_exit(0);
			if (child > 0)
				waitpid(child, NULL, 0);
		}
	}
	usleep(30000);
	kill(parent, SIGKILL);
	if (waitpid(parent, NULL, 0) < 0)
		die("waitpid");
}

static char *shared_stack;

/* In the parent's own memory, with or without waiting for it. */
static int share_memory(void *area)
{
	fill(area, 8, 207);
	unmap(PAGE((char *)area, 8), 4);
	_exit(0);
}

static void share(int flags)
{
	size_t pages = 16;
	char *area = map_pages(pages, RW);
	int status;
	pid_t child;

	shared_stack = map_pages(16, RW);
	fill(area, pages, 208);
	child = clone(share_memory, PAGE(shared_stack, 16), flags | SIGCHLD, area);
	if (child < 0)
		die("clone with flags %#x", flags);
	fill(PAGE(area, 12), 4, 209);
	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	verify(area, 8, 207);
	unmap(area, pages);
	unmap(shared_stack, 16);
}

static void clone_vm(void)
{
	share(CLONE_VM);
	share(CLONE_VM | CLONE_VFORK);
	share(CLONE_VM | CLONE_FS | CLONE_FILES);
}

/* One process has another's pages paged out, cooled and populated, while that one forks. */
static void other_process(void)
{
	size_t pages = 32 * scale;
	char *area = map_pages(pages, RW);
	struct gate gate = make_gate(), begun = make_gate();
	struct iovec part = { area, pages * page_size };
	int file;
	pid_t child;

	fill(area, pages, 210);
	child = spawn();
	if (!child) {
		pid_t grandchild;

		fill(area, pages / 2, 211);
		open_gate(&begun);
		grandchild = spawn();
		if (!grandchild) {
			wait_gate(&gate);
			verify(area, pages / 2, 211);
			done();
		}
		close(gate.write_end);
		reap(grandchild);
		verify(area, pages / 2, 211);
		done();
	}
	wait_gate(&begun);
	file = (int)syscall(SYS_pidfd_open, child, 0);
	if (file < 0 || syscall(SYS_process_madvise, file, &part, 1, MADV_COLD, 0) < 0)
		skip("no process_madvise: %s", strerror(errno));
	else
		for (int i = 0; i < 4; i++)
			(void)syscall(SYS_process_madvise, file, &part, 1, MADV_PAGEOUT, 0);
	if (file >= 0)
		close(file);
	open_gate(&gate);
	reap(child);
	verify(area, pages, 210);
	unmap(area, pages);
}

/* A page that is to be used no more goes elsewhere, out of every process that maps it. It never comes back: only a few. */
static void soft_offline(void)
{
	size_t pages = 4;
	char *area = map_pages(pages, RW);
	struct gate gate = make_gate();
	pid_t child;

	fill(area, pages, 212);
	child = spawn();
	if (!child) {
		wait_gate(&gate);
		verify(area, pages, 212);
		fill(area, pages, 213);
		done();
	}
	for (size_t i = 0; i < 2; i++)
		if (!try_advise(PAGE(area, i), 1, SOFT_OFFLINE)) {
			skip("no MADV_SOFT_OFFLINE: %s", strerror(errno));
			break;
		}
	verify(area, pages, 212);
	open_gate(&gate);
	reap(child);
	verify(area, pages, 212);
	unmap(area, pages);
}

/* The first area of swap that is in use; false if there is none. */
static bool swap_in_use(char *path, size_t size)
{
	char text[512];

	if (!read_setting("/proc/swaps", text, sizeof(text)) || !strchr(text, '\n') || size < 64)
		return false;
	return sscanf(strchr(text, '\n') + 1, "%63s", path) == 1;
}

/* Swap ends: what it holds of every process comes back, page by page, by a walk of the page tables. */
static void swap_off(void)
{
	size_t pages = 32 * scale;
	char path[64], *area;
	struct gate gate = make_gate();
	pid_t child;

	if (!swap_in_use(path, sizeof(path)))
		return skip("no swap");
	area = map_pages(pages, RW);
	pin_to_cpu(0);
	fill(area, pages, 214);
	page_out(area, pages);
	child = spawn();
	if (!child) {
		fill(area, pages / 4, 215);
		wait_gate(&gate);
		verify(area, pages / 4, 215);
		verify_page(PAGE(area, pages - 1), pages - 1, 214);
		done();
	}
	if (swapoff(path))
		skip("swapoff: %s", strerror(errno));
	else if (swapon(path, 0))
		die("swapon of %s", path);
	verify(area, pages, 214);
	open_gate(&gate);
	reap(child);
	unmap(area, pages);
}

/* Write protection by userfaultfd: set, kept over a fork, and taken away. */
static void userfault_protect(void)
{
	size_t pages = 16;
	int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	char *area = map_pages(pages, RW);
	struct uffdio_register range = { .range = { (uintptr_t)area, pages * page_size },
					 .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect set = { .range = range.range, .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	pid_t child;

	fill(area, pages, 216);
	if (file < 0 || ioctl(file, UFFDIO_API, &api) || ioctl(file, UFFDIO_REGISTER, &range)) {
		skip("no write protection by userfaultfd");
		unmap(area, pages);
		return;
	}
	if (ioctl(file, UFFDIO_WRITEPROTECT, &set))
		die("UFFDIO_WRITEPROTECT");
	child = spawn();
	if (!child) {
		verify(area, pages, 216);
		fill(area, pages, 217);
		done();
	}
	verify(area, pages, 216);
	protect(PAGE(area, 4), 4, PROT_READ);
	protect(PAGE(area, 4), 4, RW);
	reap(child);
	page_out(area, pages);
	verify(area, pages, 216);
	set.mode = 0;
	if (ioctl(file, UFFDIO_WRITEPROTECT, &set))
		die("taking the protection away");
	fill(area, pages, 218);
	if (ioctl(file, UFFDIO_UNREGISTER, &range.range))
		die("UFFDIO_UNREGISTER");
	close(file);
	verify(area, pages, 218);
	unmap(area, pages);
}

/* From 6.17 on one mremap moves several VMAs, with holes between them. */
static void move_several(void)
{
	size_t part = 4 * scale, all = 9 * part;
	char *area = free_range(2 * all), *to = PAGE(area, all);
	pid_t child;

	for (size_t i = 0; i < 9; i += 2) {
		map_pages_at(PAGE(area, i * part), part, RW, MAP_FIXED);
		if (i != 4)
			fill(PAGE(area, i * part), part, 220 + (unsigned int)i);
	}
	protect(PAGE(area, 2 * part), part / 2, PROT_READ);
	child = spawn();
	if (!child) {
		verify(area, part, 220);
		fill(PAGE(area, 6 * part), part, 230);
		if (mremap(area, all * page_size, all * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
			skip("no mremap of several VMAs");
		else
			verify(PAGE(to, 6 * part), part, 230);
		done();
	}
	if (mremap(area, all * page_size, all * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to) {
		for (size_t i = 0; i < 9; i += 2)
			if (i != 4)
				verify(PAGE(to, i * part), part, 220 + (unsigned int)i);
		fill(PAGE(to, 4 * part), part, 231);
		move_to_node(to, part, 1);
		verify(to, part, 220);
		unmap(to, all);
	} else {
		skip("no mremap of several VMAs");
		unmap(area, all);
	}
	reap(child);
}

const struct path call_paths[] = {
	{ "guard-pages", guard_pages, "guard pages (6.13): set, forked, moved, taken away" },
	{ "clone-fails", clone_fails, "clone3 that is refused when the memory is copied already" },
	{ "clone-limit", clone_over_limit, "fork that is refused before" },
	{ "killed-fork", killed_fork, "a process killed while it forks" },
	{ "clone-vm", clone_vm, "CLONE_VM, with and without CLONE_VFORK" },
	{ "process-madvise", other_process, "another process's pages paged out while it forks" },
	{ "soft-offline", soft_offline, "MADV_SOFT_OFFLINE of shared pages" },
	{ "swapoff", swap_off, "swap that ends while two processes have pages there" },
	{ "uffd-wp", userfault_protect, "write protection by userfaultfd, forked and paged out" },
	{ "mremap-several", move_several, "one mremap of several VMAs (6.17)" },
	{ NULL, NULL, NULL },
};
