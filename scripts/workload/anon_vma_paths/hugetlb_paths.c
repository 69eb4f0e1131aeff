// SPDX-License-Identifier: Apache-2.0
// Huge pages that are not of one PMD's size or not transparent: hugetlbfs, and mTHP.
#include "support.h"

#include <string.h>

#define HUGE_PAGES (huge_size / page_size)
#define MTHP_PAGES (65536 / page_size)

/* The default size of hugetlbfs: 2 MiB, or 32 MiB with pages of 16 KiB. */
static size_t huge_size;

/* Maps this many pages of hugetlbfs; NULL (and a line) where there are none. */
static char *map_hugetlb(size_t count)
{
	char *area;

	huge_size = hugetlb_size();
	if (read_number("/proc/sys/vm/nr_hugepages") < 24 &&
	    !write_setting("/proc/sys/vm/nr_hugepages", "24")) {
		skip("no hugetlbfs");
		return NULL;
	}
	area = mmap(NULL, count * huge_size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (area == MAP_FAILED) {
		skip("no huge pages to map: %s", strerror(errno));
		return NULL;
	}
	return area;
}

static void touch(char *area, size_t count, unsigned int tag)
{
	for (size_t i = 0; i < count; i++)
		fill_page(PAGE(area, i * HUGE_PAGES), i, tag);
}

static void look(const char *area, size_t count, unsigned int tag)
{
	for (size_t i = 0; i < count; i++)
		verify_page(PAGE(area, i * HUGE_PAGES), i, tag);
}

static void hugetlb_fault(void)
{
	char *area = map_hugetlb(4);

	if (!area)
		return;
	touch(area, 4, 180);
	look(area, 4, 180);
	protect(PAGE(area, HUGE_PAGES), HUGE_PAGES, PROT_READ);
	look(area, 4, 180);
	protect(PAGE(area, HUGE_PAGES), HUGE_PAGES, RW);
	unmap(PAGE(area, 2 * HUGE_PAGES), HUGE_PAGES);
	look(area, 2, 180);
	unmap(area, 2 * HUGE_PAGES);
	unmap(PAGE(area, 3 * HUGE_PAGES), HUGE_PAGES);
}

static void hugetlb_fork(void)
{
	char *area = map_hugetlb(4);
	pid_t child;

	if (!area)
		return;
	touch(area, 4, 181);
	child = spawn();
	if (!child) {
		look(area, 4, 181);
		touch(area, 2, 182);	/* copied */
		look(area, 2, 182);
		unmap(PAGE(area, 3 * HUGE_PAGES), HUGE_PAGES);
		done();
	}
	touch(area, 1, 183);
	reap(child);
	touch(area, 4, 184);		/* used again */
	look(area, 4, 184);
	unmap(area, 4 * HUGE_PAGES);
}

static void hugetlb_move(void)
{
	char *area = map_hugetlb(3), *room;
	uintptr_t aligned;

	if (!area)
		return;
	touch(area, 3, 185);
	room = free_range(3 * HUGE_PAGES);
	aligned = ((uintptr_t)room + huge_size - 1) & ~(uintptr_t)(huge_size - 1);
	if (mremap(PAGE(area, HUGE_PAGES), huge_size, huge_size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   (void *)aligned) == MAP_FAILED)
		skip("mremap of hugetlbfs: %s", strerror(errno));
	else
		unmap((char *)aligned, HUGE_PAGES);
	unmap(area, 3 * HUGE_PAGES);
}

/* Pages that a fork shares go to another node and back. */
static void hugetlb_migrate(void)
{
	char *area = map_hugetlb(2);
	struct gate gate;
	pid_t child;

	if (!area)
		return;
	touch(area, 2, 186);
	gate = make_gate();
	child = spawn();
	if (!child) {
		wait_gate(&gate);
		look(area, 2, 186);
		touch(area, 2, 187);
		done();
	}
	if (move_to_node(area, 1, 1))
		move_to_node(area, 1, 0);
	look(area, 2, 186);
	open_gate(&gate);
	reap(child);
	look(area, 2, 186);
	unmap(area, 2 * HUGE_PAGES);
}

static const char mthp_enabled[] = "/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled";

/* Maps pages that faults fill sixteen at a time; NULL (and a line) where the kernel has no mTHP. */
static char *map_mthp(size_t pages)
{
	if (!write_setting(mthp_enabled, "always")) {
		skip("no mTHP");
		return NULL;
	}
	return map_pages(pages + MTHP_PAGES, RW);
}

static void mthp(void)
{
	size_t pages = 8 * MTHP_PAGES;
	char *area = map_mthp(pages);
	pid_t child;

	if (!area)
		return;
	pin_to_cpu(0);
	fill(area, pages, 190);
	child = spawn();
	if (!child) {
		verify(area, pages, 190);
		fill(PAGE(area, pages / 24), pages / 4, 191);	/* copies single pages out of shared folios */
		unmap(PAGE(area, pages / 2 + 1), MTHP_PAGES / 2 - 1);
		done();
	}
	protect(PAGE(area, pages / 5), pages / 6, PROT_READ);
	reap(child);
	protect(PAGE(area, pages / 5), pages / 6, RW);
	verify(area, pages, 190);
	unmap(PAGE(area, pages / 5 * 4), MTHP_PAGES / 4 + 1);
	page_out(area, pages / 2);
	verify(area, pages / 2, 190);
	fill(area, pages / 2, 192);
	write_setting(mthp_enabled, "never");
	unmap(area, pages + MTHP_PAGES);
}

/* A VMA with folios of sixteen pages moves, in parts. */
static void mthp_move(void)
{
	size_t pages = 4 * MTHP_PAGES, part = pages / 3;
	char *area = map_mthp(pages), *room;

	if (!area)
		return;
	fill(area, pages, 193);
	room = free_range(pages);
	if (mremap(PAGE(area, part), part * page_size, part * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
		   room) == MAP_FAILED)
		die("mremap of mTHP");
	for (size_t i = 0; i < part; i++)
		verify_page(PAGE(room, i), part + i, 193);
	move_to_node(area, MTHP_PAGES, 1);
	verify(area, MTHP_PAGES, 193);
	write_setting(mthp_enabled, "never");
	unmap(room, part);
	unmap(area, pages + MTHP_PAGES);
}

const struct path hugetlb_paths[] = {
	{ "hugetlb-fault", hugetlb_fault, "pages of hugetlbfs, and a part of a mapping" },
	{ "hugetlb-fork", hugetlb_fork, "pages of hugetlbfs shared by fork, copied, used again" },
	{ "hugetlb-move", hugetlb_move, "mremap of pages of hugetlbfs" },
	{ "hugetlb-migrate", hugetlb_migrate, "migration of shared pages of hugetlbfs" },
	{ "mthp", mthp, "folios of 64 KiB: fork, copy, partial unmap, swap" },
	{ "mthp-move", mthp_move, "folios of 64 KiB: mremap and migration" },
	{ NULL, NULL, NULL },
};
