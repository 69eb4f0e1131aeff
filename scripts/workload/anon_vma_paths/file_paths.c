// SPDX-License-Identifier: Apache-2.0
// Private mappings of files: their copied pages are anonymous, and stand at an offset that is not the address's. From 7.3 on
// the VMA has a second offset for them, which goes with the VMA wherever it is moved, split and merged.
#include "support.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* A file of pages with a pattern; its mappings find page number `first` at their start. */
static int pattern_file(size_t pages, unsigned int tag)
{
	int file = memfd_create("anon_vma_paths", MFD_CLOEXEC);
	char *shared;

	if (file < 0 || ftruncate(file, (off_t)(pages * page_size)))
		die("memfd of %zu pages", pages);
	shared = mmap(NULL, pages * page_size, RW, MAP_SHARED, file, 0);
	if (shared == MAP_FAILED)
		die("mmap of the whole file");
	fill(shared, pages, tag);
	unmap(shared, pages);
	return file;
}

static char *map_private(char *at, size_t pages, int file, size_t first)
{
	char *area = mmap(at, pages * page_size, RW, MAP_PRIVATE | (at ? MAP_FIXED : 0), file,
			  (off_t)(first * page_size));

	if (area == MAP_FAILED)
		die("mmap of %zu private pages from %zu", pages, first);
	return area;
}

static void move(char *from, size_t pages, char *to)
{
	if (mremap(from, pages * page_size, pages * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		die("mremap of %zu private pages", pages);
}

/* Every other page is copied: its number stays, its tag is new. */
static void copy_some(char *area, size_t pages, size_t first, unsigned int tag)
{
	for (size_t i = 0; i < pages; i += 2)
		fill_page(PAGE(area, i), first + i, tag);
}

static void verify_some(const char *area, size_t pages, size_t first, unsigned int tag, unsigned int rest)
{
	for (size_t i = 0; i < pages; i++)
		verify_page(PAGE(area, i), first + i, i % 2 ? rest : tag);
}

/* What only a walk of the rmap finds: the pages go to swap, come back, and go to another node and back. */
static void let_walk(char *area, size_t pages)
{
	if (try_advise(area, pages, MADV_PAGEOUT))
		(void)*(volatile char *)area;
	if (move_to_node(area, pages, 1))
		move_to_node(area, pages, 0);
}

/* A middle part of another protection: three VMAs, then one again. */
static void split_and_merge(char *area, size_t part)
{
	protect(PAGE(area, part), part, PROT_READ);
	protect(PAGE(area, part), part, RW);
}

static void file_move(void)
{
	size_t pages = 20 * scale, first = 5;
	int file = pattern_file(first + pages, 180);
	char *area = map_private(NULL, pages, file, first), *to = free_range(pages);
	struct gate gate = make_gate();
	pid_t child;

	copy_some(area, pages, first, 181);
	move(area, pages, to);
	verify_some(to, pages, first, 181, 180);
	child = spawn();
	if (!child) {
		copy_some(to, pages / 2, first, 182);
		wait_gate(&gate);
		verify_some(to, pages / 2, first, 182, 180);
		move(to, pages, area);
		verify_some(PAGE(area, pages / 2), pages / 2, first + pages / 2, 181, 180);
		let_walk(area, pages);
		verify_some(area, pages / 2, first, 182, 180);
		done();
	}
	let_walk(to, pages);
	verify_some(to, pages, first, 181, 180);
	open_gate(&gate);
	split_and_merge(to, pages / 3);
	reap(child);
	copy_some(to, pages, first, 183);
	let_walk(to, pages);
	verify_some(to, pages, first, 183, 180);
	unmap(to, pages);
	close(file);
}

/* The middle leaves and comes back, with a fork while it is away. */
static void file_back(void)
{
	size_t part = 4 * scale, first = 3;
	int file = pattern_file(first + 3 * part, 184);
	char *area = map_private(NULL, 3 * part, file, first), *to = free_range(part);
	pid_t child;

	copy_some(area, 3 * part, first, 185);
	move(PAGE(area, part), part, to);
	child = spawn();
	if (!child) {
		verify_some(to, part, first + part, 185, 184);
		let_walk(to, part);
		copy_some(to, part, first + part, 186);
		done();
	}
	let_walk(to, part);
	reap(child);
	move(to, part, PAGE(area, part));
	verify_some(area, 3 * part, first, 185, 184);
	let_walk(area, 3 * part);
	verify_some(area, 3 * part, first, 185, 184);
	unmap(area, 3 * part);
	close(file);
}

/* Moved before anything was copied, though pages were read: the offset is that of the new place. */
static void file_unfaulted(void)
{
	size_t pages = 10 * scale, first = 2;
	int file = pattern_file(first + pages, 187);
	char *area = map_private(NULL, pages, file, first), *to = free_range(pages);

	for (size_t i = 0; i < pages; i++)
		verify_page(PAGE(area, i), first + i, 187);
	move(area, pages, to);
	copy_some(to, pages, first, 188);
	split_and_merge(to, pages / 4);
	let_walk(to, pages);
	verify_some(to, pages, first, 188, 187);
	unmap(to, pages);
	close(file);
}

/* The old VMA stays, empty; it maps the file anew and copies at the place where it is. */
static void dont_unmap(size_t from, size_t pages, size_t all)
{
	size_t first = 4;
	int file = pattern_file(first + all, 189);
	char *area = map_private(NULL, all, file, first), *to;

	copy_some(area, all, first, 190);
	to = mremap(PAGE(area, from), pages * page_size, pages * page_size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (to == MAP_FAILED) {
		if (errno != EINVAL)
			die("mremap with MREMAP_DONTUNMAP");
		skip("no MREMAP_DONTUNMAP of a file");
	} else {
		verify_some(to, pages, first + from, 190, 189);
		for (size_t i = from; i < from + pages; i++)
			verify_page(PAGE(area, i), first + i, 189);
		copy_some(PAGE(area, from), pages, first + from, 191);
		let_walk(area, all);
		let_walk(to, pages);
		verify_some(to, pages, first + from, 190, 189);
		verify_some(PAGE(area, from), pages, first + from, 191, 189);
		unmap(to, pages);
	}
	unmap(area, all);
	close(file);
}

static void file_dont_unmap(void)
{
	dont_unmap(0, 8 * scale, 8 * scale);
	dont_unmap(4 * scale, 4 * scale, 12 * scale);
}

/* Two halves of a file side by side, of which the second was copied elsewhere: one after the other in the file, but not for
 * the rmap. Then two of which it was not. */
static void file_neighbours(void)
{
	size_t pages = 6 * scale;
	int file = pattern_file(2 * pages, 192);

	for (int copied = 1; copied >= 0; copied--) {
		char *at = free_range(3 * pages), *other = PAGE(at, 2 * pages);

		map_private(at, pages, file, 0);
		map_private(other, pages, file, pages);
		copy_some(at, pages, 0, 193);
		if (copied)
			copy_some(other, pages, pages, 193);
		move(other, pages, PAGE(at, pages));
		copy_some(at, 2 * pages, 0, 194);
		let_walk(at, 2 * pages);
		verify_some(at, 2 * pages, 0, 194, 192);
		protect(at, 2 * pages, PROT_READ);
		protect(at, 2 * pages, RW);
		copy_some(at, 2 * pages, 0, 195);
		verify_some(at, 2 * pages, 0, 195, 192);
		unmap(at, 2 * pages);
	}
	close(file);
}

/* /dev/zero, private: no vm_ops, as anonymous memory, but a file. */
static void zero_move(void)
{
	size_t pages = 8 * scale, first = 3;
	int file = open("/dev/zero", O_RDWR | O_CLOEXEC);
	char *area, *to;
	pid_t child;

	if (file < 0)
		return skip("no /dev/zero");
	area = map_private(NULL, pages, file, first);
	to = free_range(pages);
	fill(area, pages, 196);
	split_and_merge(area, pages / 4);
	move(area, pages, to);
	child = spawn();
	if (!child) {
		copy_some(to, pages, 0, 197);
		let_walk(to, pages);
		done();
	}
	reap(child);
	let_walk(to, pages);
	verify(to, pages, 196);
	unmap(to, pages);
	close(file);
}

const struct path file_paths[] = {
	{ "file-move", file_move, "a private file mapping: moved, forked, reclaimed, migrated, split" },
	{ "file-back", file_back, "a part of one moved away and back, which merges" },
	{ "file-unfaulted", file_unfaulted, "one moved before anything was copied" },
	{ "file-dontunmap", file_dont_unmap, "MREMAP_DONTUNMAP of one, whole and in part" },
	{ "file-neighbours", file_neighbours, "two that follow in the file, and not for the rmap" },
	{ "zero-move", zero_move, "a private mapping of /dev/zero: moved and forked" },
	{ NULL, NULL, NULL },
};
