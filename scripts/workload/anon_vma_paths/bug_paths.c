// SPDX-License-Identifier: Apache-2.0
// Ways to bugs that kernels were shipped with, each on its own: see "Bugs it has found in kernels as shipped" in the
// README. On other kernels they are paths like any. Walked only if they are named.
#include "support.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static char *remap(char *from, size_t bytes, int flags, char *to)
{
	return mremap(from, bytes, bytes, MREMAP_MAYMOVE | flags, to);
}

/* Moved once, its offset is that of another place. Moved again with MREMAP_DONTUNMAP, it stays behind without an anon_vma,
 * and has to have the offset of its own place when it gets the next one ("mm/mremap: reset unfaulted VMA page offset for
 * MREMAP_DONTUNMAP", 6.12.113, 7.2). */
static void stale_offset(void)
{
	size_t pages = 8 * scale;
	char *area = map_pages(pages, RW), *to = free_range(pages), *third;

	fill(area, pages, 240);
	if (remap(area, pages * page_size, MREMAP_FIXED, to) != to)
		die("mremap");
	third = remap(to, pages * page_size, MREMAP_DONTUNMAP, NULL);
	if (third == MAP_FAILED) {
		skip("no MREMAP_DONTUNMAP");
		unmap(to, pages);
		return;
	}
	verify(third, pages, 240);
	fill(to, pages, 241);
	if (move_to_node(to, pages, 1))
		move_to_node(to, pages, 0);
	verify(to, pages, 241);
	unmap(to, pages);
	unmap(third, pages);
}

/* What the kernel counts as locked, kB. */
static long locked(void)
{
	char text[4096], *line;

	if (!read_setting("/proc/self/status", text, sizeof(text)) || !(line = strstr(text, "VmLck:")))
		return -1;
	return strtol(line + strlen("VmLck:"), NULL, 10);
}

/* Without a page, kept by MREMAP_DONTUNMAP, and moved to right behind itself: source and destination are one VMA ("mm/mremap:
 * fix locked_vm leak from MREMAP_DONTUNMAP self-merge", 7.2.11). Nothing of the rmap is wrong; what shows is the account. */
static void self_merge(void)
{
	size_t pages = 8 * scale;
	char *area = free_range(3 * pages), *to = PAGE(area, pages);
	long before = locked();

	map_pages_at(area, pages, RW, MAP_FIXED);
	/* Locked without being faulted in. */
	if (syscall(SYS_mlock2, area, pages * page_size, MLOCK_ONFAULT))
		skip("no mlock2");
	if (remap(area, pages * page_size, MREMAP_DONTUNMAP | MREMAP_FIXED, to) != to) {
		skip("no MREMAP_DONTUNMAP");
		unmap(area, pages);
		return;
	}
	fill(area, 2 * pages, 242);
	verify(area, 2 * pages, 242);
	unmap(area, 2 * pages);
	if (locked() != before)
		fprintf(stderr, "anon_vma_paths: %s: %ld kB of what is unmapped stay locked\n", current_path,
			locked() - before);
}

/* Clock ticks that a process has spent in the kernel. */
static long kernel_ticks(pid_t process)
{
	char file[32], text[512], *rest;
	long ticks;

	sprintf(file, "/proc/%d/stat", (int)process);
	if (!read_setting(file, text, sizeof(text)) || !(rest = strrchr(text, ')')) ||
	    sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %ld", &ticks) != 1)
		return -1;
	return ticks;
}

/* Till the owner has its copy; or, where it never gets one while we map the page, till it has tried for some time. */
static void wait_for_owner(pid_t owner, struct gate *copied)
{
	long start = kernel_ticks(owner);
	struct pollfd closed = { .fd = copied->read_end, .events = POLLIN };

	close(copied->write_end);
	for (int tries = 0; tries < 500 && kernel_ticks(owner) < start + 3; tries++)
		if (poll(&closed, 1, 10) == 1)
			return;
}

/* The owner of a mapping of hugetlbfs copies a page that its child maps too, and there is none left: the child's is taken
 * away. The child has moved its mapping ("mm/hugetlb: unmap the page where the other VMA maps it", 7.3.4). */
static void take_hugetlb(void)
{
	size_t size = hugetlb_size(), huge = size / page_size;
	char number[24], *area, *to;
	struct gate ready = make_gate(), copied = make_gate();
	pid_t owner = getpid();
	long before = read_number("/proc/sys/vm/nr_hugepages");
	pid_t child;

	if (before < 0)
		return skip("no hugetlbfs");
	/* One page, and none beside it. */
	if (!write_setting("/proc/sys/vm/nr_hugepages", "1") || read_number("/proc/sys/vm/nr_hugepages") != 1)
		return skip("no single huge page");
	to = free_range(2 * huge);
	to = (char *)(((uintptr_t)to + size - 1) & ~(uintptr_t)(size - 1));
	area = mmap(NULL, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (area == MAP_FAILED)
		return skip("no huge page to map");
	fill_page(area, 0, 243);
	child = spawn();
	if (!child) {
		if (remap(area, size, MREMAP_FIXED, to) != to)
			skip("mremap of hugetlbfs: %s", strerror(errno));
		open_gate(&ready);
		/* It must not look at the page: that may be gone. */
		wait_for_owner(owner, &copied);
		done();
	}
	wait_gate(&ready);
	fill_page(area, 0, 244);
	verify_page(area, 0, 244);
	open_gate(&copied);
	reap(child);
	unmap(area, huge);
	sprintf(number, "%ld", before);
	write_setting("/proc/sys/vm/nr_hugepages", number);
}

/* A large folio that is mapped by entries of two page tables, of which the first becomes a huge page of another folio: the
 * walk that starts there has to go on to the second ("mm/page_vma_mapped: continue past nonmatching huge PMDs", 7.3.4).
 *
 *              edge - size           edge
 *   . . . . . . |. . . . . F F F F F|F F F F F     F: the folio; first it was one huge page
 *               |H H H H H H H H H H|F F F F F     H: the other one */
static void foreign_huge(void)
{
	size_t size = pmd_size(), huge = size / page_size;
	char *from = map_pages(4 * huge, RW), *begin = from, *room = free_range(4 * huge), *edge;

	if (!write_setting("/sys/kernel/mm/transparent_hugepage/enabled", "madvise"))
		return skip("no transparent huge pages");
	edge = (char *)(((uintptr_t)room + 2 * size - 1) & ~(uintptr_t)(size - 1));
	from = (char *)(((uintptr_t)from + 2 * size - 1) & ~(uintptr_t)(size - 1));
	advise(begin, 4 * huge, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	fill(from, huge, 245);
	if (remap(from - size / 2, size + size / 2, MREMAP_FIXED, edge - size) != edge - size)
		die("mremap of a huge page to where two page tables meet");
	advise(edge - size, huge, MADV_DONTNEED, "MADV_DONTNEED");
	fill(edge - size, huge, 246);
	if (!try_advise(edge - size, huge, MADV_COLLAPSE))
		skip("no MADV_COLLAPSE: %s", strerror(errno));
	if (move_to_node(edge, 4, 1))
		move_to_node(edge, 4, 0);
	for (size_t i = 0; i < huge / 2; i++)
		verify_page(PAGE(edge, i), huge / 2 + i, 245);
	verify(edge - size, huge, 246);
	unmap(edge - size, huge + huge / 2);
	unmap(begin, 4 * huge);
}

/* Pages of a huge page that may be freed lazily, unmapped by reclaim and by munmap at once. */
static void lazy_free(void)
{
	size_t huge = pmd_size() / page_size;
	char *area;

	if (!make_group())
		return;
	for (int i = 0; i < 4; i++) {
		pid_t child = spawn();

		if (!child) {
			enter_group();
			area = map_pages(3 * huge, RW);
			(void)try_advise(area, 3 * huge, MADV_HUGEPAGE);
			fill(area, 3 * huge, 247);
			(void)try_advise(area, 3 * huge, MADV_FREE);
			usleep(2000 * (unsigned int)i);
			fill_page(PAGE(area, huge), huge, 248);
			unmap(PAGE(area, huge / 2), huge);
			done();
		}
		for (int tries = 0; tries < 3; tries++)
			(void)write_setting("/tmp/anon_vma_paths/group/memory.reclaim", "4M");
		reap(child);
	}
	rmdir(reclaim_group);
}

const struct path bug_paths[] = {
	{ "bug-stale-offset", stale_offset, "MREMAP_DONTUNMAP of a VMA that was moved before, then a fault" },
	{ "bug-self-merge", self_merge, "MREMAP_DONTUNMAP to right behind the source" },
	{ "bug-hugetlb-range", take_hugetlb, "the last page of hugetlbfs is taken from a child that has moved it" },
	{ "bug-foreign-huge", foreign_huge, "migration of a folio over two page tables, the first a huge page by now" },
	{ "bug-lazy-free", lazy_free, "reclaim of huge pages that may be freed lazily, against munmap" },
	{ NULL, NULL, NULL },
};
