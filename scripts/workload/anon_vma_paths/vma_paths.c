// SPDX-License-Identifier: Apache-2.0
// Paths inside one address space: prepare, split, merge, unmap, growth.
#include "support.h"

#include <alloca.h>
#include <string.h>
#include <unistd.h>

static void fault(void)
{
	size_t pages = 16 * scale;
	char *area = map_pages(pages, RW);

	fill(area, pages, 1);
	verify(area, pages, 1);
	unmap(area, pages);
}

/* Read-only and back: the VMA is split, then merged again.
 *   AAAABBBBAAAA   B: the part whose protection changes */
static void split_and_merge(size_t first, size_t pages, size_t all)
{
	char *area = map_pages(all, RW);

	fill(area, all, 2);
	protect(PAGE(area, first), pages, PROT_READ);
	verify(area, all, 2);
	protect(PAGE(area, first), pages, RW);
	fill(area, all, 3);
	verify(area, all, 3);
	unmap(area, all);
}

static void split_left(void)
{
	split_and_merge(0, 4 * scale, 12 * scale);
}

static void split_right(void)
{
	split_and_merge(8 * scale, 4 * scale, 12 * scale);
}

static void split_middle(void)
{
	split_and_merge(4 * scale, 4 * scale, 12 * scale);
}

/* Every second page read-only, so one VMA a page; merged back in one call. */
static void split_comb(void)
{
	size_t pages = 16 * scale;
	char *area = map_pages(pages, RW);

	fill(area, pages, 4);
	for (size_t i = 0; i < pages; i += 2)
		protect(PAGE(area, i), 1, PROT_READ);
	verify(area, pages, 4);
	protect(area, pages, RW);
	fill(area, pages, 5);
	verify(area, pages, 5);
	unmap(area, pages);
}

/* Three neighbours that differ only in access, faulted in the order given: the second and third find
 * the anon_vma of the first (find_mergeable_anon_vma), and all merge into one VMA. */
static void share_with_neighbour(const unsigned int order[3])
{
	size_t third = 4 * scale;
	char *area = map_pages(3 * third, RW);

	protect(PAGE(area, third), third, PROT_READ);
	for (int i = 0; i < 3; i++) {
		char *part = PAGE(area, order[i] * third);

		if (order[i] == 1)
			protect(part, third, RW | PROT_EXEC);
		fill(part, third, 10 + order[i]);
	}
	protect(PAGE(area, third), third, RW);
	for (unsigned int i = 0; i < 3; i++)
		verify(PAGE(area, i * third), third, 10 + i);
	unmap(area, 3 * third);
}

static void neighbours(void)
{
	static const unsigned int orders[][3] = { {0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 2, 1} };

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		share_with_neighbour(orders[i]);
}

/* A new mapping that fills a hole exactly merges with both sides if their anon_vmas agree. */
static void fill_hole(void)
{
	size_t part = 4 * scale;
	char *area = map_pages(3 * part, RW);

	fill(area, 3 * part, 6);
	unmap(PAGE(area, part), part);
	map_pages_at(PAGE(area, part), part, RW, MAP_FIXED);
	fill(PAGE(area, part), part, 7);
	verify(area, part, 6);
	verify(PAGE(area, part), part, 7);
	unmap(area, 3 * part);
}

/* The first third was never touched: it takes over the anon_vma of the last when the middle, which
 * kept them apart, becomes like both. */
static void merge_unfaulted(void)
{
	size_t third = 4 * scale;
	char *area = map_pages(3 * third, RW);

	protect(PAGE(area, third), third, PROT_READ);
	fill(PAGE(area, 2 * third), third, 9);
	protect(PAGE(area, third), third, RW);
	fill(area, 2 * third, 10);
	verify(area, 2 * third, 10);
	verify(PAGE(area, 2 * third), third, 9);
	unmap(area, 3 * third);
}

static void unmap_parts(void)
{
	size_t part = 4 * scale;
	char *area = map_pages(6 * part, RW);

	fill(area, 6 * part, 8);
	unmap(area, part);			/* head */
	unmap(PAGE(area, 5 * part), part);	/* tail */
	unmap(PAGE(area, 2 * part), part);	/* hole */
	for (size_t i = part; i < 5 * part; i++)
		if (i < 2 * part || i >= 3 * part)
			verify_page(PAGE(area, i), i, 8);
	unmap(area, 6 * part);
}

/* A private file mapping gets an anon_vma with its first copied page; the file stays as it was. */
static void private_file(void)
{
	size_t pages = 12 * scale;
	int file = memfd_create("anon_vma_paths", 0);
	char *shared, *area;
	pid_t child;

	if (file < 0)
		return skip("no memfd_create");
	if (ftruncate(file, (off_t)(pages * page_size)))
		die("ftruncate");
	shared = mmap(NULL, pages * page_size, RW, MAP_SHARED, file, 0);
	area = mmap(NULL, pages * page_size, RW, MAP_PRIVATE, file, 0);
	if (shared == MAP_FAILED || area == MAP_FAILED)
		die("mmap of a memfd");
	fill(shared, pages, 20);
	verify(area, pages, 20);
	fill(area, pages / 2, 21);
	child = spawn();
	if (!child) {
		verify(area, pages / 2, 21);
		fill(area, pages, 22);
		verify(area, pages, 22);
		done();
	}
	reap(child);
	verify(area, pages / 2, 21);
	unmap(PAGE(area, pages / 4), pages / 4);
	verify(shared, pages, 20);
	unmap(area, pages);
	unmap(shared, pages);
	close(file);
}

static void dontneed_and_free(void)
{
	size_t pages = 12 * scale;
	char *area = map_pages(pages, RW);

	fill(area, pages, 30);
	advise(PAGE(area, pages / 2), pages / 2, MADV_DONTNEED, "MADV_DONTNEED");
	verify(area, pages / 2, 30);
	verify_zero(PAGE(area, pages / 2), pages / 2);
	fill(area, pages, 31);
	/* Freed lazily: a page that is written again keeps its new contents. */
	advise(area, pages, MADV_FREE, "MADV_FREE");
	fill(area, pages, 32);
	verify(area, pages, 32);
	unmap(area, pages);
}

static void __attribute__((noinline)) use_stack(size_t pages)
{
	char *frame = alloca(page_size);

	memset(frame, (int)pages, page_size);
	if (pages)
		use_stack(pages - 1);
	errno = 0;
	if (*(volatile unsigned char *)frame != (unsigned char)pages)
		die("the stack lost its contents");
}

/* The main stack grows by faults; so does a mapping with MAP_GROWSDOWN. */
static void stack_growth(void)
{
	pid_t child = spawn();
	size_t pages = 8 * scale;
	char *range, *top;

	if (!child) {
		use_stack(48 * scale);
		done();
	}
	reap(child);

	/* The kernel keeps a gap of 256 pages below a stack: leave more than that free. */
	range = free_range(pages + 1024);
	top = PAGE(range, pages + 1023);
	map_pages_at(top, 1, RW, MAP_GROWSDOWN | MAP_FIXED);
	for (size_t i = 0; i < pages; i++)
		fill_page(top - i * page_size, i, 40);
	for (size_t i = 0; i < pages; i++)
		verify_page(top - i * page_size, i, 40);
	unmap(top - (pages - 1) * page_size, pages);
}

const struct path vma_paths[] = {
	{ "fault", fault, "map, write, unmap" },
	{ "split-left", split_left, "mprotect of the head and back" },
	{ "split-right", split_right, "mprotect of the tail and back" },
	{ "split-middle", split_middle, "mprotect of the middle and back" },
	{ "split-comb", split_comb, "one VMA a page and back" },
	{ "neighbours", neighbours, "prepare takes a neighbour's anon_vma" },
	{ "fill-hole", fill_hole, "a mapping between two parts of an old one" },
	{ "merge-unfaulted", merge_unfaulted, "a VMA without an anon_vma takes over its neighbour's" },
	{ "unmap-parts", unmap_parts, "munmap of head, tail and hole" },
	{ "private-file", private_file, "copied pages of a private file mapping" },
	{ "dontneed-free", dontneed_and_free, "MADV_DONTNEED and MADV_FREE" },
	{ "stack-growth", stack_growth, "the stack and MAP_GROWSDOWN grow by faults" },
	{ NULL, NULL, NULL },
};
