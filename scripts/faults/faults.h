/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults for the anon_vma graph: breaks one rule of mm/rmap.c on purpose, so that a checker of the
 * graph can be seen to fail. For throw-away virtual machines only.
 *
 * A fault is a list of hooks. A hook is either
 *   entry  - runs at a function's first instruction BEHIND its ftrace site. Whatever traces the
 *            function's entry (ftrace kprobe events, fprobes) has therefore already recorded the
 *            arguments and the memory as the kernel meant them, no matter who registered first;
 *            the arguments are still in their registers and the return address on the stack's top.
 *            (Two kprobes on one address run newest first, so the order of registration decides
 *            there, and a handler that returns 1 hides the call from the others.)
 *   ret    - runs when the function returns, with the arguments that it was called with.
 * With a caller named, entry runs at each call of the function within that caller instead, before it: what is
 * skipped there was never called, and no event tells of it.
 */
#ifndef ANON_VMA_FAULTS_H
#define ANON_VMA_FAULTS_H

#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched.h>

#define AV_ARGS 6

/* What an entry hook answers. */
enum av_verdict {
	AV_PASS,	/* go on, with the registers as they are now */
	AV_JUMP,	/* regs->ip was set: go on there */
};

/* One call of a function under a ret hook. */
struct av_call {
	unsigned long arg[AV_ARGS];
};

struct av_hook {
	const char *symbol[4];	/* the first one that exists is hooked; NULL ends the list */
	enum av_verdict (*entry)(struct pt_regs *regs);
	void (*ret)(const struct av_call *call, struct pt_regs *regs);
	bool optional;		/* a kernel without any of the symbols is fine */
	const char *caller;	/* entry runs at the calls within this function ... */
	unsigned int extent;	/* ... in so many bytes of it: no more than it has */
	bool tail;		/* jumps to the function, with which the caller ends, are calls too: not to be skipped */
};

struct av_fault {
	const char *name;
	const char *what;
	const struct av_hook *hooks;	/* ends with an entry without a symbol */
};

/* The lists of faults, one per file; each ends with an entry without a name. */
extern const struct av_fault av_clone_faults[];
extern const struct av_fault av_death_faults[];
extern const struct av_fault av_fork_faults[];
extern const struct av_fault av_lock_faults[];
extern const struct av_fault av_offset_faults[];
extern const struct av_fault av_page_faults[];
extern const struct av_fault av_prepare_faults[];
extern const struct av_fault av_tree_faults[];
extern const struct av_fault av_walk_faults[];

/* main.c */
bool av_ours(void);	/* is the current task one that faults are limited to? */
/* A candidate: true if this one is to be broken (pages=, after=, rate=, count=); without a VMA whatever its size. */
bool av_take(struct vm_area_struct *vma);
/* The one line that says what was broken: ends up in the console log. */
void av_report(const char *function, const char *fmt, ...) __printf(2, 3);

/* hook.c */
int av_hooks_register(const struct av_hook *hooks);
void av_hooks_unregister(void);
unsigned long av_argument(const struct pt_regs *regs, unsigned int n);
enum av_verdict av_return(struct pt_regs *regs, unsigned long value);	/* skips the function */
enum av_verdict av_skip_call(struct pt_regs *regs);	/* with a caller: the call is not made */

/*
 * Notes: what a hook leaves for a later one, found by (task, kind) or (object, kind). There are few;
 * a fault that cannot leave its note is not injected (av_note returns NULL).
 */
struct av_note {
	int kind;		/* 0: free */
	struct task_struct *task;
	void *object;
	unsigned long value[2];
	struct list_head list;
};

struct av_note *av_note(int kind, void *object);
struct av_note *av_note_of_task(int kind);
struct av_note *av_note_of_object(int kind, const void *object);
void av_forget(struct av_note *note);

/*
 * Keeps an anon_vma's memory for good, so that a broken graph does not become a use after free.
 * A reference too many is what a migration or KSM looks like for a while: no rule forbids it.
 */
static inline void av_pin(struct anon_vma *anon_vma)
{
	atomic_inc(&anon_vma->refcount);
}

/* The functions of an anon_vma's tree: (avc, tree), and for iter_first (tree, first, last). */
#define AV_TREE_INSERT { "anon_rmap_tree_insert", "anon_vma_interval_tree_insert" }
#define AV_TREE_REMOVE { "anon_rmap_tree_remove", "anon_vma_interval_tree_remove" }
#define AV_TREE_FIRST { "anon_rmap_tree_iter_first", "anon_vma_interval_tree_iter_first" }
#define AV_TREE_NEXT { "anon_rmap_tree_iter_next", "anon_vma_interval_tree_iter_next" }

/* What they are given as the tree, and back. */
#ifdef AV_TREE_IS_ANON_VMA
static inline struct anon_vma *av_of_tree(unsigned long tree)
{
	return (struct anon_vma *)tree;
}

static inline unsigned long av_tree_of(struct anon_vma *av)
{
	return (unsigned long)av;
}
#else
static inline struct anon_vma *av_of_tree(unsigned long tree)
{
	return container_of((struct rb_root_cached *)tree, struct anon_vma, rb_root);
}

static inline unsigned long av_tree_of(struct anon_vma *av)
{
	return (unsigned long)&av->rb_root;
}
#endif

/* The offset by which the rmap knows a VMA's addresses. */
#ifdef AV_HAS_ANON_PGOFF
static inline unsigned long av_pgoff(const struct vm_area_struct *vma)
{
	return vma_start_anon_pgoff(vma);
}

static inline void av_set_anon_pgoff(struct vm_area_struct *vma, unsigned long pgoff)
{
	vma->__vm_anon_pgoff_hi = pgoff >> 32;
	vma->__vm_anon_pgoff_lo = (u32)pgoff;
}

static inline void av_add_pgoff(struct vm_area_struct *vma, unsigned long pages)
{
	vma->vm_pgoff += pages;
	av_set_anon_pgoff(vma, vma_start_anon_pgoff(vma) + pages);
}
#else
static inline unsigned long av_pgoff(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff;
}

static inline void av_add_pgoff(struct vm_area_struct *vma, unsigned long pages)
{
	vma->vm_pgoff += pages;
}
#endif

#endif
