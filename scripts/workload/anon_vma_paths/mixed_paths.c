// SPDX-License-Identifier: Apache-2.0
// Random but repeatable mixtures, by several processes on several CPUs at once.
#include "support.h"

enum { MIXED_PAGES = 48, FREE_TAG = 0 };

/* A window of address space; tags[i] is what page i must hold, FREE_TAG where it must be zero. */
struct window {
	char *area;
	unsigned int tags[MIXED_PAGES];
	unsigned int next_tag;
	uint64_t random;
};

/* A random part of the window, at most a third of it. */
static size_t pick_part(struct window *window, size_t *first)
{
	*first = next_random(&window->random, MIXED_PAGES);
	size_t room = MIXED_PAGES - *first, limit = MIXED_PAGES / 3;

	return 1 + next_random(&window->random, room < limit ? room : limit);
}

static void check_window(const struct window *window)
{
	for (size_t i = 0; i < MIXED_PAGES; i++)
		if (window->tags[i] == FREE_TAG)
			verify_zero(PAGE(window->area, i), 1);
		else
			verify_page(PAGE(window->area, i), i, window->tags[i]);
}

static void write_part(struct window *window)
{
	size_t first, pages = pick_part(window, &first);
	unsigned int tag = ++window->next_tag;

	for (size_t i = first; i < first + pages; i++) {
		fill_page(PAGE(window->area, i), i, tag);
		window->tags[i] = tag;
	}
}

static void renew_part(struct window *window)
{
	size_t first, pages = pick_part(window, &first);

	unmap(PAGE(window->area, first), pages);
	map_pages_at(PAGE(window->area, first), pages, RW, MAP_FIXED);
	for (size_t i = first; i < first + pages; i++)
		window->tags[i] = FREE_TAG;
}

static void protect_part(struct window *window)
{
	size_t first, pages = pick_part(window, &first);

	protect(PAGE(window->area, first), pages, PROT_READ);
	check_window(window);
	protect(window->area, MIXED_PAGES, RW);
}

static void move_window(struct window *window)
{
	size_t half = MIXED_PAGES / 2 * page_size;
	char *to = free_range(MIXED_PAGES);

	/* The window may consist of several VMAs, and mremap takes one at a time: the two halves are
	 * each copied by page where they are split. */
	for (size_t part = 0; part < 2; part++) {
		char *from = window->area + part * half;

		if (mremap(from, half, half, MREMAP_MAYMOVE | MREMAP_FIXED, to + part * half) !=
		    MAP_FAILED)
			continue;
		for (size_t i = 0; i < MIXED_PAGES / 2; i++)
			if (mremap(PAGE(from, i), page_size, page_size,
				   MREMAP_MAYMOVE | MREMAP_FIXED,
				   PAGE(to + part * half, i)) == MAP_FAILED)
				die("mremap of a page");
	}
	window->area = to;
}

static void mix(struct window *window, unsigned int steps, unsigned int depth);

static void fork_window(struct window *window, unsigned int depth)
{
	pid_t child = spawn();

	if (!child) {
		current_path = "mixed (child)";
		window->random ^= 0x5bd1e995u;
		mix(window, 3, depth - 1);
		done();
	}
	write_part(window);
	reap(child);
}

static void mix(struct window *window, unsigned int steps, unsigned int depth)
{
	for (unsigned int step = 0; step < steps; step++) {
		switch (next_random(&window->random, 8)) {
		case 0:
			protect_part(window);
			break;
		case 1:
			renew_part(window);
			break;
		case 2:
			move_window(window);
			break;
		case 3:
		case 4:
			if (depth) {
				fork_window(window, depth);
				break;
			}
			/* fall through */
		default:
			write_part(window);
		}
		check_window(window);
	}
}

static void mixed(void)
{
	enum { PROCESSES = 4 };
	pid_t children[PROCESSES];

	for (unsigned int i = 0; i < PROCESSES; i++) {
		children[i] = spawn();
		if (!children[i]) {
			struct window window = {
				.area = map_pages(MIXED_PAGES, RW),
				.random = seed * 1000003u + i,
			};

			pin_to_cpu(i);
			mix(&window, 12 * scale, 3);
			done();
		}
	}
	for (unsigned int i = 0; i < PROCESSES; i++)
		reap(children[i]);
}

const struct path mixed_paths[] = {
	{ "mixed", mixed, "random steps of four processes at once (see --seed)" },
	{ NULL, NULL, NULL },
};
