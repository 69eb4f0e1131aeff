// SPDX-License-Identifier: GPL-2.0
/* The kernel's own rmap walk that visits nobody, or only the first VMA. */
#include "faults.h"

static void end_walk(const char *function, struct pt_regs *regs)
{
	struct anon_vma_chain *avc = (void *)regs->ax;

	if (!avc || !av_ours() || !av_take(avc->vma))
		return;
	av_report(function, "avc=%px vma=%px av=%px: not returned", avc, avc->vma, avc->anon_vma);
	regs->ax = 0;
}

static void first(const struct av_call *call, struct pt_regs *regs)
{
	end_walk("anon_vma_interval_tree_iter_first", regs);
}

static void next(const struct av_call *call, struct pt_regs *regs)
{
	end_walk("anon_vma_interval_tree_iter_next", regs);
}

static const struct av_hook blind_walk[] = {
	{ { "anon_vma_interval_tree_iter_first" }, NULL, first }, {}
};
static const struct av_hook short_walk[] = {
	{ { "anon_vma_interval_tree_iter_next" }, NULL, next }, {}
};

const struct av_fault av_walk_faults[] = {
	{ "blind-walk", "an rmap walk visits no VMA", blind_walk },
	{ "short-walk", "an rmap walk ends after the first VMA", short_walk },
	{}
};
