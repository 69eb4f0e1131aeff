// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

size_t page_size = 4096;
unsigned int scale = 1;
uint64_t seed = 1;
const char *current_path = "start";

_Noreturn void die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	fprintf(stderr, "anon_vma_paths: %s: process %d: ", current_path, (int)getpid());
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	_exit(1);
}

void skip(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "anon_vma_paths: skipped %s: ", current_path);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

uint64_t next_random(uint64_t *state, uint64_t limit)
{
	/* splitmix64: any state is good, also 0. */
	uint64_t value = (*state += 0x9e3779b97f4a7c15u);

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return (value ^ (value >> 31)) % limit;
}

char *map_pages_at(char *address, size_t pages, int protection, int further_flags)
{
	char *got = mmap(address, pages * page_size, protection,
			 MAP_PRIVATE | MAP_ANONYMOUS | further_flags, -1, 0);

	if (got == MAP_FAILED)
		die("mmap of %zu pages", pages);
	return got;
}

char *map_pages(size_t pages, int protection)
{
	return map_pages_at(NULL, pages, protection, 0);
}

char *free_range(size_t pages)
{
	char *address = map_pages_at(NULL, pages, PROT_NONE, MAP_NORESERVE);

	unmap(address, pages);
	return address;
}

void unmap(char *address, size_t pages)
{
	if (munmap(address, pages * page_size))
		die("munmap of %zu pages", pages);
}

void protect(char *address, size_t pages, int protection)
{
	if (mprotect(address, pages * page_size, protection))
		die("mprotect of %zu pages", pages);
}

bool try_advise(char *address, size_t pages, int advice)
{
	return !madvise(address, pages * page_size, advice);
}

void advise(char *address, size_t pages, int advice, const char *name)
{
	if (!try_advise(address, pages, advice))
		die("madvise %s of %zu pages", name, pages);
}

static uint64_t *last_word(const char *address)
{
	return (uint64_t *)(uintptr_t)(address + page_size - sizeof(uint64_t));
}

static uint64_t pattern(size_t number, unsigned int tag)
{
	return ((uint64_t)tag << 32 | (uint32_t)number) ^ 0xa5a5a5a500000000u;
}

void fill_page(char *address, size_t number, unsigned int tag)
{
	*(volatile uint64_t *)(uintptr_t)address = pattern(number, tag);
	*(volatile uint64_t *)last_word(address) = ~pattern(number, tag);
}

void verify_page(const char *address, size_t number, unsigned int tag)
{
	uint64_t first = *(volatile const uint64_t *)(uintptr_t)address;
	uint64_t last = *(volatile const uint64_t *)last_word(address);

	errno = 0;
	if (first != pattern(number, tag) || last != ~first)
		die("page %zu at %p holds %#llx, not tag %u", number, (const void *)address,
		    (unsigned long long)first, tag);
}

void fill(char *address, size_t pages, unsigned int tag)
{
	for (size_t i = 0; i < pages; i++)
		fill_page(PAGE(address, i), i, tag);
}

void verify(const char *address, size_t pages, unsigned int tag)
{
	for (size_t i = 0; i < pages; i++)
		verify_page(PAGE(address, i), i, tag);
}

void verify_zero(const char *address, size_t pages)
{
	errno = 0;
	for (size_t i = 0; i < pages; i++)
		if (*(volatile const uint64_t *)(uintptr_t)PAGE(address, i))
			die("page %zu at %p is not zero", i, (const void *)address);
}

pid_t spawn(void)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	return child;
}

_Noreturn void done(void)
{
	_exit(0);
}

void reap(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	errno = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("child %d ended with status %#x", (int)child, status);
}

struct gate make_gate(void)
{
	int ends[2];

	if (pipe(ends))
		die("pipe");
	return (struct gate){ .read_end = ends[0], .write_end = ends[1] };
}

void open_gate(struct gate *gate)
{
	close(gate->write_end);
	close(gate->read_end);
}

void wait_gate(struct gate *gate)
{
	char byte;

	close(gate->write_end);
	while (read(gate->read_end, &byte, 1) != 0)
		if (errno != EINTR)
			die("read of a gate");
	close(gate->read_end);
}

bool write_setting(const char *file, const char *value)
{
	int descriptor = open(file, O_WRONLY);
	bool good;

	if (descriptor < 0)
		return false;
	good = write(descriptor, value, strlen(value)) == (ssize_t)strlen(value);
	close(descriptor);
	return good;
}

bool read_setting(const char *file, char *text, size_t size)
{
	int descriptor = open(file, O_RDONLY);
	ssize_t length;

	if (descriptor < 0)
		return false;
	length = read(descriptor, text, size - 1);
	close(descriptor);
	if (length < 0)
		return false;
	text[length] = 0;
	return true;
}

long read_number(const char *file)
{
	char text[32];

	return read_setting(file, text, sizeof(text)) ? strtol(text, NULL, 10) : -1;
}

void pin_to_cpu(unsigned int number)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number % (unsigned int)(cpus > 0 ? cpus : 1), &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

/* How many of the pages are swapped out (bit 62 of /proc/self/pagemap). */
size_t swapped_pages(const char *area, size_t pages)
{
	int file = open("/proc/self/pagemap", O_RDONLY);
	size_t count = 0;

	for (size_t i = 0; file >= 0 && i < pages; i++) {
		uint64_t entry = 0;
		off_t at = (off_t)((uintptr_t)PAGE(area, i) / page_size * sizeof(entry));

		if (pread(file, &entry, sizeof(entry), at) == sizeof(entry))
			count += entry >> 62 & 1;
	}
	if (file >= 0)
		close(file);
	return count;
}

/* Pages out what it can and says so when that was nothing. The caller stays on one CPU: a page that
 * still waits on another one's list of pages to put on the LRU is left alone. Even so a try may find
 * every page busy, so there are a few. */
void page_out(char *area, size_t pages)
{
	for (int tries = 0; tries < 5; tries++) {
		if (!try_advise(area, pages, MADV_PAGEOUT))
			return skip("MADV_PAGEOUT: %s", strerror(errno));
		if (swapped_pages(area, pages))
			return;
		usleep(1000);
	}
	skip("no page went to swap (is there any?)");
}

const char *const reclaim_group = "/tmp/anon_vma_paths/group";

/* Makes a memory cgroup to reclaim from; false (and a line) where there is none. */
bool make_group(void)
{
	mkdir("/tmp/anon_vma_paths", 0700);
	if (access("/tmp/anon_vma_paths/cgroup.procs", F_OK) &&
	    mount("none", "/tmp/anon_vma_paths", "cgroup2", 0, NULL)) {
		skip("no cgroup2 to mount");
		return false;
	}
	if (!write_setting("/tmp/anon_vma_paths/cgroup.subtree_control", "+memory") ||
	    (mkdir(reclaim_group, 0700) && errno != EEXIST) ||
	    access("/tmp/anon_vma_paths/group/memory.reclaim", W_OK)) {
		skip("no memory.reclaim");
		return false;
	}
	return true;
}

void enter_group(void)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)getpid());
	if (!write_setting("/tmp/anon_vma_paths/group/cgroup.procs", number))
		die("entering the cgroup");
}

/* Moves all of the pages to this NUMA node, also those that other processes map; false (and a line)
 * where the kernel cannot. */
bool move_to_node(char *area, size_t pages, int node)
{
	enum { MAX_PAGES = 64, MOVE_ALL = 1 << 2 };
	void *addresses[MAX_PAGES];
	int nodes[MAX_PAGES], moved[MAX_PAGES];
	size_t count = pages < MAX_PAGES ? pages : MAX_PAGES;

	for (size_t i = 0; i < count; i++) {
		addresses[i] = PAGE(area, i);
		nodes[i] = node;
	}
	if (syscall(SYS_move_pages, 0, count, addresses, nodes, moved, MOVE_ALL) < 0) {
		skip("move_pages to node %d: %s", node, strerror(errno));
		return false;
	}
	return true;
}

size_t pmd_size(void)
{
	long size = read_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");

	return size > 0 ? (size_t)size : (size_t)2 << 20;
}

size_t hugetlb_size(void)
{
	char text[4096], *line;

	if (!read_setting("/proc/meminfo", text, sizeof(text)))
		return (size_t)2 << 20;
	line = strstr(text, "Hugepagesize:");
	return line ? strtoul(line + 13, NULL, 10) << 10 : (size_t)2 << 20;
}
