// SPDX-License-Identifier: Apache-2.0
// Paths of mremap: the page keeps its anon_vma and index, the VMA moves.
#include "support.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static char *try_remap(char *from, size_t pages, size_t new_pages, int flags, char *to)
{
	return mremap(from, pages * page_size, new_pages * page_size, flags, to);
}

static char *remap(char *from, size_t pages, size_t new_pages, int flags, char *to)
{
	char *got = try_remap(from, pages, new_pages, flags, to);

	if (got == MAP_FAILED)
		die("mremap of %zu to %zu pages, flags %d", pages, new_pages, flags);
	return got;
}

static char *move_to(char *from, size_t pages, char *to)
{
	return remap(from, pages, pages, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void grow_in_place(void)
{
	size_t pages = 8 * scale;
	char *area = map_pages(2 * pages, RW);

	fill(area, pages, 110);
	unmap(PAGE(area, pages), pages);
	if (remap(area, pages, 2 * pages, 0, NULL) != area)
		die("mremap moved without MREMAP_MAYMOVE");
	fill_page(PAGE(area, pages), pages, 110);
	verify(area, pages + 1, 110);
	unmap(area, 2 * pages);
}

static void shrink(void)
{
	size_t pages = 16 * scale;
	char *area = map_pages(pages, RW);

	fill(area, pages, 111);
	remap(area, pages, pages / 2, 0, NULL);
	verify(area, pages / 2, 111);
	unmap(area, pages / 2);
}

/* What follows leaves no room, so growing means moving. */
static void grow_by_move(void)
{
	size_t pages = 8 * scale;
	char *area = map_pages(2 * pages, RW);
	char *moved;

	protect(PAGE(area, pages), pages, PROT_NONE);
	fill(area, pages, 112);
	moved = remap(area, pages, 3 * pages, MREMAP_MAYMOVE, NULL);
	if (moved == area)
		die("mremap grew into a mapping");
	fill(PAGE(moved, pages), 2 * pages, 113);
	verify(moved, pages, 112);
	unmap(moved, 3 * pages);
	unmap(PAGE(area, pages), pages);
}

static void move_whole(void)
{
	size_t pages = 12 * scale;
	char *area = map_pages(pages, RW), *to = free_range(pages);

	fill(area, pages, 114);
	move_to(area, pages, to);
	verify(to, pages, 114);
	fill(to, pages, 115);
	verify(to, pages, 115);
	unmap(to, pages);
}

/* Not faulted yet, so without an anon_vma: its offset is set anew. */
static void move_unfaulted(void)
{
	size_t pages = 8 * scale;
	char *area = map_pages(pages, RW), *to = free_range(pages);

	move_to(area, pages, to);
	fill(to, pages, 116);
	verify(to, pages, 116);
	unmap(to, pages);
}

/* The middle part leaves and comes back: one VMA becomes three, then one. */
static void move_back(void)
{
	size_t part = 4 * scale;
	char *area = map_pages(3 * part, RW), *to = free_range(part);

	fill(area, 3 * part, 117);
	move_to(PAGE(area, part), part, to);
	for (size_t i = 0; i < part; i++)
		verify_page(PAGE(to, i), part + i, 117);
	move_to(to, part, PAGE(area, part));
	verify(area, 3 * part, 117);
	fill(area, 3 * part, 118);
	verify(area, 3 * part, 118);
	unmap(area, 3 * part);
}

/* Back to its place, behind a new mapping without a page: from 6.16 on that one takes it over, with its anon_vmas, which
 * kernels before 6.18.8 left out (CVE-2026-23077). */
static void join(char *new, char *area, size_t pages)
{
	char *to = PAGE(area, 2 * pages);

	move_to(area, pages, to);
	map_pages_at(new, pages, RW, MAP_FIXED);
	move_to(to, pages, area);
	verify(area, pages, 125);
	if (move_to_node(area, pages, 1))
		move_to_node(area, pages, 0);
	verify(area, pages, 125);
}

static void move_and_join(void)
{
	size_t pages = 8 * scale;
	char *new = free_range(4 * pages), *area = map_pages_at(PAGE(new, pages), pages, RW, MAP_FIXED);
	pid_t child;

	fill(area, pages, 125);
	child = spawn();
	if (!child) {
		fill(area, pages / 2, 125);
		join(new, area, pages);
		done();
	}
	reap(child);
	join(new, area, pages);
	fill(new, pages, 126);
	verify(area, pages, 125);
	unmap(new, 2 * pages);
}

/* Onto a mapping that exists, which is unmapped first. */
static void move_over(void)
{
	size_t pages = 8 * scale;
	char *area = map_pages(pages, RW), *old = map_pages(3 * pages, RW);

	fill(area, pages, 119);
	fill(old, 3 * pages, 120);
	move_to(area, pages, PAGE(old, pages));
	verify(PAGE(old, pages), pages, 119);
	verify(old, pages, 120);
	unmap(old, 3 * pages);
}

/* Shared by fork: parent and child move the same pages to different places. */
static void move_after_fork(void)
{
	size_t pages = 12 * scale;
	char *area = map_pages(pages, RW), *to = free_range(2 * pages);
	pid_t child;

	fill(area, pages, 121);
	child = spawn();
	if (!child) {
		move_to(area, pages, PAGE(to, pages));
		verify(PAGE(to, pages), pages, 121);
		fill(PAGE(to, pages), pages, 122);
		done();
	}
	move_to(PAGE(area, pages / 2), pages / 2, to);
	fill_page(to, pages / 2, 121);
	reap(child);
	verify(area, pages / 2, 121);
	for (size_t i = pages / 2; i < pages; i++)
		verify_page(PAGE(to, i - pages / 2), i, 121);
	unmap(area, pages);
	unmap(to, pages / 2);
}

/* MREMAP_DONTUNMAP: the pages move, the old VMA stays and is empty; it is then faulted again. */
static void dont_unmap(size_t first, size_t pages, size_t all)
{
	char *area = map_pages(all, RW), *to;

	fill(area, all, 123);
	to = try_remap(PAGE(area, first), pages, pages, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (to == MAP_FAILED) {
		if (errno != EINVAL)
			die("mremap with MREMAP_DONTUNMAP");
		skip("no MREMAP_DONTUNMAP");
		unmap(area, all);
		return;
	}
	for (size_t i = 0; i < all; i++)
		if (i >= first && i < first + pages)
			verify_page(PAGE(to, i - first), i, 123);
		else
			verify_page(PAGE(area, i), i, 123);
	verify_zero(PAGE(area, first), pages);
	fill(area, all, 124);
	verify(area, all, 124);
	for (size_t i = 0; i < pages; i++)
		verify_page(PAGE(to, i), first + i, 123);
	unmap(to, pages);
	unmap(area, all);
}

static void dont_unmap_whole(void)
{
	dont_unmap(0, 8 * scale, 8 * scale);
}

static void dont_unmap_part(void)
{
	dont_unmap(4 * scale, 4 * scale, 12 * scale);
}

/* UFFDIO_MOVE came with 6.8; the headers may be older. */
#define FEATURE_MOVE (1ull << 16)
struct move_request {
	uint64_t dst, src, len, mode;
	int64_t moved;
};
#define REQUEST_MOVE _IOWR(UFFDIO, 0x05, struct move_request)

/* Pages go to other places of the same VMA, to another VMA, and out of swap. */
static void userfault_move(void)
{
	size_t pages = 16;
	int file = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURE_MOVE };
	struct uffdio_register range;
	char *from = map_pages(pages, RW), *to = map_pages(2 * pages, RW);

	if (file < 0 || ioctl(file, UFFDIO_API, &api) || !(api.features & FEATURE_MOVE))
		return skip("no UFFDIO_MOVE");
	pin_to_cpu(0);
	fill(from, pages, 90);
	protect(PAGE(to, pages), pages, PROT_READ);	/* two VMAs */
	protect(PAGE(to, pages), pages, RW);
	range = (struct uffdio_register){ .range = { (uintptr_t)to, 2 * pages * page_size },
					  .mode = UFFDIO_REGISTER_MODE_MISSING };
	if (ioctl(file, UFFDIO_REGISTER, &range))
		die("UFFDIO_REGISTER");
	page_out(PAGE(from, 12), 2);
	for (size_t i = 0; i < pages; i++) {
		struct move_request move = { .dst = (uintptr_t)PAGE(to, 2 * i), .len = page_size,
					     .src = (uintptr_t)PAGE(from, i) };

		if (ioctl(file, REQUEST_MOVE, &move))
			skip("UFFDIO_MOVE of page %zu: %s", i, strerror(errno));
		else
			verify_page(PAGE(to, 2 * i), i, 90);
	}
	close(file);
	fill(to, 2 * pages, 91);
	verify(to, 2 * pages, 91);
	unmap(from, pages);
	unmap(to, 2 * pages);
}

const struct path move_paths[] = {
	{ "mremap-grow", grow_in_place, "grow in place" },
	{ "mremap-shrink", shrink, "shrink" },
	{ "mremap-grow-move", grow_by_move, "grow by moving" },
	{ "mremap-move", move_whole, "MREMAP_FIXED of a whole VMA" },
	{ "mremap-unfaulted", move_unfaulted, "MREMAP_FIXED before the first fault" },
	{ "mremap-back", move_back, "move a part away and back, which merges" },
	{ "mremap-join", move_and_join, "move a VMA back behind one that has no page yet, which may merge" },
	{ "mremap-over", move_over, "MREMAP_FIXED onto another mapping" },
	{ "mremap-fork", move_after_fork, "move pages that a fork shares" },
	{ "mremap-dontunmap", dont_unmap_whole, "MREMAP_DONTUNMAP of a whole VMA" },
	{ "mremap-dontunmap-part", dont_unmap_part, "MREMAP_DONTUNMAP of a part" },
	{ "uffd-move", userfault_move, "UFFDIO_MOVE of pages, present and in swap" },
	{ NULL, NULL, NULL },
};
