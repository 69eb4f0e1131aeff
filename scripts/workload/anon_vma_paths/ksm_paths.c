// SPDX-License-Identifier: Apache-2.0
// Pages that KSM has merged: written to, shared by fork, reclaimed, migrated.
#include "support.h"

#include <unistd.h>

static const char run[] = "/sys/kernel/mm/ksm/run";

/* Makes the pages equal and waits until KSM has merged most of them; false (and a line) if it can't. */
static bool merge(char *area, size_t pages)
{
	static const char sharing[] = "/sys/kernel/mm/ksm/pages_sharing";

	if (!write_setting("/sys/kernel/mm/ksm/pages_to_scan", "2000") ||
	    !write_setting("/sys/kernel/mm/ksm/sleep_millisecs", "10")) {
		skip("no KSM");
		return false;
	}
	for (size_t i = 0; i < pages; i++)
		fill_page(PAGE(area, i), 7, 160);	/* all the same */
	advise(area, pages, MADV_MERGEABLE, "MADV_MERGEABLE");
	if (!write_setting(run, "1")) {
		skip("cannot start KSM");
		return false;
	}
	for (int wait = 0; wait < 400 && read_number(sharing) < (long)pages / 2; wait++)
		usleep(10000);
	if (read_number(sharing) <= 0)
		skip("KSM merged nothing in time");
	return true;
}

/* NULL where KSM can't merge. */
static char *merged_pages(size_t pages)
{
	char *area = map_pages(pages, RW);

	if (merge(area, pages))
		return area;
	unmap(area, pages);
	return NULL;
}

static void verify_same(const char *area, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		verify_page(PAGE(area, i), 7, 160);
}

static void ksm(void)
{
	size_t pages = 32 * scale;
	char *area = merged_pages(pages);
	pid_t child;

	if (!area)
		return;
	child = spawn();
	if (!child) {
		verify_same(area, 0, pages);
		fill(area, pages / 2, 161);		/* unmerged by write */
		verify(area, pages / 2, 161);
		done();
	}
	fill(area, pages / 4, 162);
	reap(child);
	write_setting(run, "2");			/* unmerges all that is left */
	write_setting(run, "0");
	verify(area, pages / 4, 162);
	verify_same(area, pages / 4, pages);
	unmap(area, pages);
}

/* A merged page, mapped by two processes at many places, goes to another node and back. */
static void ksm_migrate(void)
{
	size_t pages = 16;
	char *area = merged_pages(pages);
	struct gate gate;
	pid_t child;

	if (!area)
		return;
	write_setting(run, "0");
	gate = make_gate();
	child = spawn();
	if (!child) {
		wait_gate(&gate);
		verify_same(area, 0, pages);
		fill(area, 2, 163);
		done();
	}
	if (move_to_node(area, pages, 1))
		move_to_node(area, pages, 0);
	verify_same(area, 0, pages);
	open_gate(&gate);
	reap(child);
	verify_same(area, 0, pages);
	write_setting(run, "2");
	write_setting(run, "0");
	unmap(area, pages);
}

/* Pages that KSM merges where they have been moved to: their offset is that of the place where they were faulted in. */
static void ksm_moved(void)
{
	size_t pages = 16;
	char *area = map_pages(pages, RW), *to = free_range(pages);
	pid_t child;

	fill(area, pages, 165);
	if (mremap(area, pages * page_size, pages * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		die("mremap of %zu pages", pages);
	if (!merge(to, pages))
		return unmap(to, pages);
	write_setting(run, "0");
	child = spawn();
	if (!child) {
		verify_same(to, 0, pages);
		if (move_to_node(to, pages, 1))
			move_to_node(to, pages, 0);
		fill(to, 2, 166);
		done();
	}
	reap(child);
	if (move_to_node(to, pages, 1))
		move_to_node(to, pages, 0);
	verify_same(to, 0, pages);
	write_setting(run, "2");
	write_setting(run, "0");
	unmap(to, pages);
}

/*
 * Merged, moved away and back, four pages further: what mremap took apart left its rmap_items, which stay until ksmd's next
 * pass. A walk for the page that others map still looks there, and finds other offsets.
 */
static void ksm_stale(void)
{
	size_t pages = 32, half = 16 * page_size;
	char *area = merged_pages(pages), *away, *back;

	if (!area)
		return;
	write_setting(run, "0");
	away = free_range(16);
	back = PAGE(area, 4);
	if (mremap(area, half, half, MREMAP_MAYMOVE | MREMAP_FIXED, away) != away ||
	    mremap(away, half, half, MREMAP_MAYMOVE | MREMAP_FIXED, back) != back)
		die("mremap of %zu bytes", half);
	if (move_to_node(PAGE(area, 20), 12, 1))
		move_to_node(PAGE(area, 20), 12, 0);
	verify_same(area, 4, pages);
	write_setting(run, "2");
	write_setting(run, "0");
	unmap(back, pages - 4);
}

/* Merged pages of two processes go to swap and come back. */
static void ksm_reclaim(void)
{
	size_t pages = 32 * scale;
	pid_t owner;

	if (!make_group())
		return;
	owner = spawn();
	if (!owner) {
		struct gate gate = make_gate();
		char *area;
		pid_t child;

		enter_group();
		area = merged_pages(pages);
		if (!area)
			done();
		child = spawn();
		if (!child) {
			wait_gate(&gate);
			verify_same(area, 0, pages);
			done();
		}
		/* It may reclaim less than this and then fails with EAGAIN: not a fault. */
		for (int i = 0; i < 3; i++)
			(void)write_setting("/tmp/anon_vma_paths/group/memory.reclaim", "1M");
		open_gate(&gate);
		verify_same(area, 0, pages);
		reap(child);
		fill(area, 4, 164);
		write_setting(run, "2");
		write_setting(run, "0");
		verify_same(area, 4, pages);
		done();
	}
	reap(owner);
	rmdir(reclaim_group);
}

const struct path ksm_paths[] = {
	{ "ksm", ksm, "merge by KSM, unmerge by write" },
	{ "ksm-migrate", ksm_migrate, "migration of merged pages that a fork shares" },
	{ "ksm-moved", ksm_moved, "pages that were moved before they were merged" },
	{ "ksm-stale", ksm_stale, "merged pages that were moved, and others by them" },
	{ "ksm-reclaim", ksm_reclaim, "reclaim of merged pages that a fork shares" },
	{ NULL, NULL, NULL },
};
