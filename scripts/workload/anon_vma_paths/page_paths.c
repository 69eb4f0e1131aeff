// SPDX-License-Identifier: Apache-2.0
// Paths on which pages change under an unchanged graph: huge pages, swap, migration.
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HUGE_PAGES (huge_size / page_size)

/* What one PMD maps. */
static size_t huge_size;

/* Maps this many huge pages, aligned, with MADV_HUGEPAGE; NULL (and a line) where there are none. */
static char *map_huge(size_t count)
{
	char text[64], *area, *aligned;
	size_t head;

	huge_size = pmd_size();
	if (!read_setting("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)) ||
	    strstr(text, "[never]")) {
		skip("no transparent huge pages");
		return NULL;
	}
	area = map_pages((count + 1) * HUGE_PAGES, RW);
	aligned = (char *)(((uintptr_t)area + huge_size - 1) & ~(uintptr_t)(huge_size - 1));
	head = (size_t)(aligned - area) / page_size;
	if (head)
		unmap(area, head);
	unmap(aligned + count * huge_size, HUGE_PAGES - head);
	advise(aligned, count * HUGE_PAGES, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	return aligned;
}

/* Writes only every 32nd page: a huge page is there after the first write anyway. */
static void touch_huge(char *area, size_t count, unsigned int tag)
{
	for (size_t i = 0; i < count * HUGE_PAGES; i += 32)
		fill_page(PAGE(area, i), i, tag);
}

static void verify_huge(const char *area, size_t count, unsigned int tag)
{
	for (size_t i = 0; i < count * HUGE_PAGES; i += 32)
		verify_page(PAGE(area, i), i, tag);
}

static void huge_fault(void)
{
	char *area = map_huge(2);

	if (!area)
		return;
	touch_huge(area, 2, 130);
	verify_huge(area, 2, 130);
	unmap(area, 2 * HUGE_PAGES);
}

static void huge_unmap_part(void)
{
	char *area = map_huge(1);

	if (!area)
		return;
	touch_huge(area, 1, 131);
	unmap(PAGE(area, 64), 32);
	verify_page(area, 0, 131);
	verify_page(PAGE(area, 96), 96, 131);
	unmap(area, HUGE_PAGES);
}

/* Splits the VMA, and so the PMD, in the middle of a huge page; then merges the VMAs. */
static void huge_protect_part(void)
{
	char *area = map_huge(1);

	if (!area)
		return;
	touch_huge(area, 1, 132);
	protect(PAGE(area, 128), 64, PROT_READ);
	verify_huge(area, 1, 132);
	protect(PAGE(area, 128), 64, RW);
	touch_huge(area, 1, 133);
	verify_huge(area, 1, 133);
	unmap(area, HUGE_PAGES);
}

static void huge_fork(void)
{
	char *area = map_huge(2);
	pid_t child;

	if (!area)
		return;
	touch_huge(area, 2, 134);
	child = spawn();
	if (!child) {
		verify_huge(area, 2, 134);
		touch_huge(area, 1, 135);	/* a write to a shared huge page splits its PMD */
		verify_huge(area, 1, 135);
		unmap(PAGE(area, HUGE_PAGES + 32), 32);
		done();
	}
	fill_page(PAGE(area, HUGE_PAGES), HUGE_PAGES, 134);
	reap(child);
	verify_huge(area, 2, 134);
	touch_huge(area, 2, 136);
	unmap(area, 2 * HUGE_PAGES);
}

static void huge_move(void)
{
	char *area = map_huge(1), *room;
	uintptr_t aligned;

	if (!area)
		return;
	room = free_range(2 * HUGE_PAGES);
	aligned = ((uintptr_t)room + huge_size - 1) & ~(uintptr_t)(huge_size - 1);
	touch_huge(area, 1, 137);
	if (mremap(area, huge_size, huge_size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)aligned) ==
	    MAP_FAILED)
		die("mremap of a huge page");
	verify_huge((char *)aligned, 1, 137);
	unmap((char *)aligned, HUGE_PAGES);
}

static void swap_out(void)
{
	size_t pages = 32 * scale;
	char *area = map_pages(pages, RW);

	pin_to_cpu(0);
	fill(area, pages, 140);
	page_out(area, pages);
	verify(area, pages, 140);	/* read in */
	page_out(area, pages);
	fill(area, pages, 141);		/* written at once */
	verify(area, pages, 141);
	unmap(area, pages);
}

/* Entries of swap are what fork copies here; parent and child read the same page in. */
static void swap_fork(void)
{
	size_t pages = 32 * scale;
	char *area = map_pages(pages, RW);
	pid_t child;

	pin_to_cpu(0);
	fill(area, pages, 142);
	page_out(area, pages);
	child = spawn();
	if (!child) {
		verify(area, pages, 142);
		fill(area, pages / 2, 143);
		verify(area, pages / 2, 143);
		done();
	}
	verify(area, pages / 2, 142);
	reap(child);
	verify(area, pages, 142);
	unmap(area, pages);
}

/* Reclaim of pages that three processes map: the kernel walks the reverse mapping of each. */
static void reclaim_shared(void)
{
	size_t pages = 32 * scale;
	pid_t owner, children[2];

	if (!make_group())
		return;
	owner = spawn();
	if (!owner) {
		struct gate gate = make_gate();
		char *area;

		enter_group();
		area = map_pages(pages, RW);
		fill(area, pages, 150);
		for (int i = 0; i < 2; i++) {
			children[i] = spawn();
			if (!children[i]) {
				fill(area, 2, 151);
				wait_gate(&gate);
				verify(area, 2, 151);
				verify_page(PAGE(area, pages - 1), pages - 1, 150);
				done();
			}
		}
		/* It may reclaim less than this and then fails with EAGAIN: not a fault. */
		for (int i = 0; i < 3; i++)
			(void)write_setting("/tmp/anon_vma_paths/group/memory.reclaim", "1M");
		open_gate(&gate);
		for (int i = 0; i < 2; i++)
			reap(children[i]);
		if (!swapped_pages(area, pages))
			fprintf(stderr, "anon_vma_paths: %s: nothing reclaimed\n", current_path);
		verify(area, pages, 150);
		done();
	}
	reap(owner);
	rmdir(reclaim_group);
}

/* Compaction moves what lies in between; fork makes the moved pages shared ones. */
static void compaction(void)
{
	size_t pages = 256 * scale;
	char *area = map_pages(pages, RW);
	struct gate gate = make_gate();
	pid_t child;

	(void)try_advise(area, pages, MADV_NOHUGEPAGE);	/* a kernel without huge pages refuses */
	fill(area, pages, 170);
	for (size_t i = 0; i < pages; i += 2)
		advise(PAGE(area, i), 1, MADV_DONTNEED, "MADV_DONTNEED");
	child = spawn();
	if (!child) {
		wait_gate(&gate);
		for (size_t i = 1; i < pages; i += 2)
			verify_page(PAGE(area, i), i, 170);
		done();
	}
	if (!write_setting("/proc/sys/vm/compact_memory", "1"))
		skip("no compact_memory");
	open_gate(&gate);
	reap(child);
	for (size_t i = 1; i < pages; i += 2)
		verify_page(PAGE(area, i), i, 170);
	unmap(area, pages);
}

/* Migration of pages that a fork shares: each by a walk of two VMAs, there and back. */
static void migrate_shared(void)
{
	size_t pages = 16;
	char *area = map_pages(pages, RW);
	struct gate gate = make_gate();
	pid_t child;

	fill(area, pages, 171);
	child = spawn();
	if (!child) {
		fill(area, pages / 4, 172);
		wait_gate(&gate);
		verify(area, pages / 4, 172);
		verify_page(PAGE(area, pages - 1), pages - 1, 171);
		fill(area, pages, 173);
		done();
	}
	if (move_to_node(area, pages, 1))
		move_to_node(area, pages, 0);
	verify(area, pages, 171);
	open_gate(&gate);
	reap(child);
	verify(area, pages, 171);
	unmap(area, pages);
}

const struct path page_paths[] = {
	{ "huge-fault", huge_fault, "huge pages" },
	{ "huge-unmap", huge_unmap_part, "munmap of a part of a huge page" },
	{ "huge-protect", huge_protect_part, "mprotect of a part of a huge page" },
	{ "huge-fork", huge_fork, "huge pages shared by fork, then copied" },
	{ "huge-move", huge_move, "mremap of a huge page" },
	{ "swap-out", swap_out, "MADV_PAGEOUT and back" },
	{ "swap-fork", swap_fork, "swap entries shared by fork" },
	{ "reclaim-shared", reclaim_shared, "reclaim of pages that several processes map" },
	{ "compaction", compaction, "migration by compaction" },
	{ "migrate-shared", migrate_shared, "migration of shared pages to another node and back" },
	{ NULL, NULL, NULL },
};
