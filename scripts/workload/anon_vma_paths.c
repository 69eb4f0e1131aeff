// SPDX-License-Identifier: Apache-2.0
// Walks the paths of the kernel's anon_vma code one by one and checks the memory on each. Each path
// is a function in one of the tables of anon_vma_paths/*.c. It wants to be root in a machine of its
// own: it starts KSM, compacts memory, mounts a cgroup file system.
#include "anon_vma_paths/support.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct path *const tables[] = {
	vma_paths, fork_paths, move_paths, file_paths, page_paths, hugetlb_paths, ksm_paths,
	call_paths, bug_paths, mixed_paths,
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static void usage(FILE *to)
{
	fputs("usage: anon_vma_paths [--list] [--only NAME,...] [--loops N] [--scale N] [--seed N]\n"
	      "  --list    the paths' names\n"
	      "  --only    these paths (default all but those to known bugs, bug-*)\n"
	      "  --loops   how often each is walked (default 1)\n"
	      "  --scale   multiplies pages and processes (default 1)\n"
	      "  --seed    of the random path (default 1)\n", to);
}

static unsigned long number(const char *text, unsigned long least)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value < least) {
		fprintf(stderr, "anon_vma_paths: '%s' is not a number from %lu\n", text, least);
		exit(2);
	}
	return value;
}

/* Is the name one of the comma-separated ones? */
static bool chosen(const char *name, const char *only)
{
	size_t length = strlen(name);

	for (const char *at = only; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, name, length) && (at[length] == ',' || !at[length]))
			return true;
	return !only;
}

static bool known(const char *name)
{
	for (size_t table = 0; table < TABLES; table++)
		for (const struct path *path = tables[table]; path->name; path++)
			if (!strcmp(path->name, name))
				return true;
	return false;
}

static void check_names(const char *only)
{
	char *copy = strdup(only ? only : "");

	for (char *name = strtok(copy, ","); name; name = strtok(NULL, ","))
		if (!known(name)) {
			fprintf(stderr, "anon_vma_paths: no path '%s' (see --list)\n", name);
			exit(2);
		}
	free(copy);
}

static void list(void)
{
	for (size_t table = 0; table < TABLES; table++)
		for (const struct path *path = tables[table]; path->name; path++)
			printf("%-22s %s\n", path->name, path->what);
}

/* Each path in a process of its own: one graph per walk, however often it is walked. */
static void walk(const char *only)
{
	for (size_t table = 0; table < TABLES; table++)
		for (const struct path *path = tables[table]; path->name; path++) {
			pid_t child;

			if (!chosen(path->name, only) || (!only && tables[table] == bug_paths))
				continue;
			current_path = path->name;
			child = spawn();
			if (!child) {
				path->run();
				done();
			}
			reap(child);
		}
}

int main(int count, char **arguments)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "only", required_argument, NULL, 'o' },
		{ "loops", required_argument, NULL, 'n' },
		{ "scale", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "exec-child", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *only = NULL;
	unsigned long loops = 1;
	uint64_t first_seed;
	int option;

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
		switch (option) {
		case 'l':
			list();
			return 0;
		case 'o':
			only = optarg;
			break;
		case 'n':
			loops = number(optarg, 1);
			break;
		case 's':
			scale = (unsigned int)number(optarg, 1);
			break;
		case 'r':
			seed = number(optarg, 0);
			break;
		case 'x':
			/* What fork-exec and vfork-exec start: something to fault in, and the end. */
			fill(map_pages(4, RW), 4, 1);
			return 0;
		default:
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	if (optind < count) {
		usage(stderr);
		return 2;
	}
	check_names(only);
	first_seed = seed;
	for (unsigned long loop = 0; loop < loops; loop++) {
		seed = first_seed + loop;
		walk(only);
	}
	return 0;
}
