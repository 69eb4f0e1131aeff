/* SPDX-License-Identifier: Apache-2.0 */
/* What every path of anon_vma_paths uses: checked system calls, patterns in memory, children. */
#ifndef SUPPORT_H
#define SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

/* One path: a way through the kernel's anon_vma code, walked once by run(). */
struct path {
	const char *name;
	void (*run)(void);
	const char *what;
};

extern const struct path vma_paths[], fork_paths[], move_paths[], file_paths[], page_paths[], hugetlb_paths[],
	ksm_paths[], call_paths[], bug_paths[], mixed_paths[];

extern size_t page_size;
extern unsigned int scale;	/* multiplies the number of pages and processes of each path */
extern uint64_t seed;
extern const char *current_path;

/* Says what failed (with errno's text if it is set) and ends this process with status 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says on stderr that the kernel or the machine lacks what this path needs. */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The next number of the seeded generator, below a limit. */
uint64_t next_random(uint64_t *state, uint64_t limit);

/* System calls that must succeed. Sizes are in pages. */
char *map_pages(size_t pages, int protection);
char *map_pages_at(char *address, size_t pages, int protection, int further_flags);
/* A free range of address space (reserved and given back), for fixed mappings. */
char *free_range(size_t pages);
void unmap(char *address, size_t pages);
void protect(char *address, size_t pages, int protection);
void advise(char *address, size_t pages, int advice, const char *name);
/* False if the kernel does not know this advice or cannot take it here. */
bool try_advise(char *address, size_t pages, int advice);

/* A pattern of each page's first and last word: the tag and the page's number. */
void fill(char *address, size_t pages, unsigned int tag);
void verify(const char *address, size_t pages, unsigned int tag);
/* The same for a page that stands first at address but has another number. */
void fill_page(char *address, size_t number, unsigned int tag);
void verify_page(const char *address, size_t number, unsigned int tag);
void verify_zero(const char *address, size_t pages);

/* fork(); a child ends with done(), and reap() fails unless it did. */
pid_t spawn(void);
_Noreturn void done(void);
void reap(pid_t child);

/* A gate of two processes: wait_gate() returns when every holder of the other end has closed it or
 * ended (an exiting process closes its files after its memory is gone). */
struct gate {
	int read_end, write_end;
};
struct gate make_gate(void);
void open_gate(struct gate *gate);	/* drop our write end: waiters go on */
void wait_gate(struct gate *gate);	/* drop our write end and wait for the others' */

/* Writes a value to a file of /proc or /sys; false if it cannot. */
bool write_setting(const char *file, const char *value);
bool read_setting(const char *file, char *text, size_t size);
long read_number(const char *file);	/* -1 if it cannot be read */

/* How many of the pages are in swap; and what puts them there. */
size_t swapped_pages(const char *area, size_t pages);
void page_out(char *area, size_t pages);

/* A memory cgroup to reclaim from; make_group() is false (and prints a line) where there is none. */
extern const char *const reclaim_group;
bool make_group(void);
void enter_group(void);

bool move_to_node(char *area, size_t pages, int node);	/* false (and a line) where that can't be */

void pin_to_cpu(unsigned int number);	/* modulo the CPUs that there are; best effort */

/* What one PMD maps, and the default size of hugetlbfs, bytes. */
size_t pmd_size(void);
size_t hugetlb_size(void);

#define RW (PROT_READ | PROT_WRITE)
#define PAGE(address, number) ((address) + (size_t)(number) * page_size)

#endif
