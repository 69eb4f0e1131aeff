// SPDX-License-Identifier: GPL-2.0
/* The kernel's own rmap walk that visits nobody, or only the first VMA. */
#include "faults.h"

static void end_walk(const char *function, struct pt_regs *regs)
{
	if (!regs->ax || !av_ours() || !av_take())
		return;
	av_report(function, "avc=%px vma=%px av=%px: not returned", (void *)regs->ax,
		  ((struct anon_vma_chain *)regs->ax)->vma,
		  ((struct anon_vma_chain *)regs->ax)->anon_vma);
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
