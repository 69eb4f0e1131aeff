// SPDX-License-Identifier: GPL-2.0
/* The kernel's own rmap walk that visits nobody, or only the first VMA. */
#include <linux/rbtree.h>

#include "faults.h"

/* The first AVC from rb on, in the tree's order, that overlaps first..last: what the kernel is about to find. */
static struct anon_vma_chain *overlapping(struct rb_node *rb, unsigned long first, unsigned long last)
{
	for (; rb; rb = rb_next(rb)) {
		struct anon_vma_chain *avc = rb_entry(rb, struct anon_vma_chain, rb);
		unsigned long start = av_pgoff(avc->vma);

		if (start > last)
			return NULL;
		if (start + vma_pages(avc->vma) - 1 >= first)
			return avc;
	}
	return NULL;
}

/* Returns NULL instead of avc; whoever records the return records that. */
static enum av_verdict end_walk(const char *function, struct pt_regs *regs,
				struct anon_vma_chain *avc)
{
	if (!avc || !av_take(avc->vma))
		return AV_PASS;
	av_report(function, "avc=%px vma=%px av=%px: not returned", avc, avc->vma, avc->anon_vma);
	return av_return(regs, 0);
}

static enum av_verdict first(struct pt_regs *regs)
{
	if (!av_ours())
		return AV_PASS;
	return end_walk("anon_vma_interval_tree_iter_first", regs,
			overlapping(rb_first_cached(&av_of_tree(regs->di)->rb_root), regs->si, regs->dx));
}

static enum av_verdict next(struct pt_regs *regs)
{
	struct anon_vma_chain *node = (void *)regs->di;

	if (!av_ours())
		return AV_PASS;
	return end_walk("anon_vma_interval_tree_iter_next", regs,
			overlapping(rb_next(&node->rb), regs->si, regs->dx));
}

/* The walk's `done`: folio_not_mapped says that the folio is not mapped, and it is. */
static enum av_verdict done(struct pt_regs *regs)
{
	struct page *page = (struct page *)regs->di;

	if (!av_ours() || !PageAnon(page) || PageCompound(page) || atomic_read(&page->_mapcount) < 0 || !av_take(NULL))
		return AV_PASS;
	av_report("folio_not_mapped", "page=%px: mapped %d times, and taken for unmapped", page,
		  atomic_read(&page->_mapcount) + 1);
	return av_return(regs, 1);
}

static const struct av_hook blind_walk[] = {
	{ AV_TREE_FIRST, first }, {}
};
static const struct av_hook short_walk[] = {
	{ AV_TREE_NEXT, next }, {}
};

static const struct av_hook early_done[] = {
	{ { "folio_not_mapped", "page_not_mapped" }, done }, {}
};

const struct av_fault av_walk_faults[] = {
	{ "blind-walk", "an rmap walk visits no VMA", blind_walk },
	{ "short-walk", "an rmap walk ends after the first VMA", short_walk },
	{ "early-done", "try_to_unmap's walk ends while the folio is still mapped", early_done },
	{}
};
