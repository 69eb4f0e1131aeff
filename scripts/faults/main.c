// SPDX-License-Identifier: GPL-2.0
/* Parameters, the choice of the fault, and the count of candidates. See README.md. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "faults.h"

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "which rule to break; an unknown name lists them all");

static char *comm = "anon_vma_paths";
module_param(comm, charp, 0444);
MODULE_PARM_DESC(comm, "only tasks whose name begins with this");

static unsigned int after;
module_param(after, uint, 0444);
MODULE_PARM_DESC(after, "candidates to let pass first (default 0)");

static unsigned int count = 1;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "break at most this many (default 1)");

static unsigned int rate = 1;
module_param(rate, uint, 0444);
MODULE_PARM_DESC(rate, "of those that follow, break one in this many (default 1: each)");

static unsigned long pages;
module_param(pages, ulong, 0444);
MODULE_PARM_DESC(pages, "only VMAs of this many pages (default any)");

static atomic_t candidates = ATOMIC_INIT(0);

static const struct av_fault *const lists[] = {
	av_clone_faults, av_death_faults, av_fork_faults, av_lock_faults,
	av_offset_faults, av_page_faults, av_prepare_faults, av_tree_faults, av_walk_faults,
};

static const struct av_fault *chosen;

bool av_ours(void)
{
	return !strncmp(current->comm, comm, strlen(comm));
}

bool av_take(struct vm_area_struct *vma)
{
	unsigned int n;

	if (pages && vma && vma_pages(vma) != pages)
		return false;
	n = atomic_inc_return(&candidates) - 1;
	return n >= after && (n - after) % rate == 0 && (n - after) / rate < count;
}

void av_report(const char *function, const char *fmt, ...)
{
	struct va_format text;
	u64 now = ktime_get_mono_fast_ns();
	u64 seconds = now / NSEC_PER_SEC;
	va_list args;

	va_start(args, fmt);
	text.fmt = fmt;
	text.va = &args;
	/* The time is that of trace clock "mono". */
	pr_info("broke %s in %s pid=%d mono=%llu.%06llu %pV\n", chosen->name, function,
		current->pid, seconds, (now - seconds * NSEC_PER_SEC) / NSEC_PER_USEC, &text);
	va_end(args);
}

static int __init anon_vma_faults_init(void)
{
	const struct av_fault *f;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		for (f = lists[i]; f->name; f++)
			if (!strcmp(f->name, fault))
				chosen = f;
	if (!chosen) {
		for (i = 0; i < ARRAY_SIZE(lists); i++)
			for (f = lists[i]; f->name; f++)
				pr_info("fault=%s: %s\n", f->name, f->what);
		pr_err("no fault '%s'\n", fault);
		return -EINVAL;
	}
	if (!rate) {
		pr_err("rate=0 breaks nothing\n");
		return -EINVAL;
	}
	err = av_hooks_register(chosen->hooks);
	if (err)
		return err;
	pr_info("armed %s (%s) pages=%lu after=%u rate=%u count=%u comm=%s\n",
		chosen->name, chosen->what, pages, after, rate, count, comm);
	return 0;
}

static void __exit anon_vma_faults_exit(void)
{
	av_hooks_unregister();
}

module_init(anon_vma_faults_init);
module_exit(anon_vma_faults_exit);
MODULE_DESCRIPTION("Breaks one rule of the anon_vma graph on purpose, to test a checker");
MODULE_LICENSE("GPL");
