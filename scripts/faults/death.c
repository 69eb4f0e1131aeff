// SPDX-License-Identifier: GPL-2.0
/* What does not leave when its time has come, and what leaves before: AVCs, anon_vmas, a folio's mapping. */
#include <linux/version.h>

#include "faults.h"
#include "kinds.h"

/* free_pgtables does not call unlink_anon_vmas: the VMA is freed with its chain. Only one whose tree nobody else needs. */
static enum av_verdict forget_unlink(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;

	if (!av_ours() || !vma->anon_vma || !list_is_singular(&vma->anon_vma_chain) ||
	    vma->anon_vma->num_active_vmas != 1 || vma->anon_vma->num_children != 1 || !av_take(vma))
		return AV_PASS;
	av_report("free_pgtables", "vma=%px av=%px: unlink_anon_vmas not called", vma, vma->anon_vma);
	return av_skip_call(regs);
}

/* unlink_anon_vmas does not see the VMA's AVC of its own anon_vma, which nobody else needs. */
static enum av_verdict hide_own(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;
	struct anon_vma_chain *avc;

	if (!av_ours() || !vma->anon_vma || vma->anon_vma == vma->anon_vma->root ||
	    vma->anon_vma->num_active_vmas != 1 || vma->anon_vma->num_children)
		return AV_PASS;
	list_for_each_entry(avc, &vma->anon_vma_chain, same_vma) {
		if (avc->anon_vma != vma->anon_vma)
			continue;
		if (!av_take(vma))
			return AV_PASS;
		av_report("unlink_anon_vmas", "vma=%px avc=%px av=%px: left behind", vma, avc, avc->anon_vma);
		list_del_init(&avc->same_vma);
		return AV_PASS;
	}
	return AV_PASS;
}

static enum av_verdict enter_unlink(struct pt_regs *regs)
{
	if (av_ours())
		av_note(AV_IN_UNLINK, (void *)regs->di);
	return AV_PASS;
}

static void leave_unlink(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_IN_UNLINK);

	if (note)
		av_forget(note);
}

/*
 * anon_vma_interval_tree_remove(avc, tree) leaves a tree that is not empty, and unlink_anon_vmas takes it for empty:
 * it is hidden until the anon_vma is to be freed.
 */
static void hide_tree(const struct av_call *call, struct pt_regs *regs)
{
	struct anon_vma *av = av_of_tree(call->arg[1]);
	struct rb_root_cached *root = &av->rb_root;
	struct av_note *unlink = av_note_of_task(AV_IN_UNLINK), *note;
	struct vm_area_struct *vma;

	if (!unlink || av->root == av || atomic_read(&av->refcount) != 1 || RB_EMPTY_ROOT(&root->rb_root))
		return;
	vma = unlink->object;
	if (vma->anon_vma != av || !av_take(vma))
		return;
	note = av_note(AV_FREED_EARLY, av);
	if (!note)
		return;
	note->value[0] = (unsigned long)root->rb_root.rb_node;
	note->value[1] = (unsigned long)root->rb_leftmost;
	av_report("unlink_anon_vmas", "vma=%px av=%px root=%px: freed although its tree is not empty", vma, av,
		  av->root);
	*root = RB_ROOT_CACHED;
}

/* Called, and undone: nothing is freed. */
static enum av_verdict keep(struct pt_regs *regs)
{
	struct anon_vma *av = (void *)regs->di;
	struct av_note *note = av_note_of_object(AV_FREED_EARLY, av);

	if (!note)
		return AV_PASS;
	av->rb_root.rb_root.rb_node = (struct rb_node *)note->value[0];
	av->rb_root.rb_leftmost = (struct rb_node *)note->value[1];
	atomic_set(&av->refcount, 1);
	av->parent->num_children++;
	av_forget(note);
	return av_return(regs, 0);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define REMOVE_RMAP "folio_remove_rmap_ptes"	/* (folio, page, nr, vma) */
#define VMA_OF(regs) ((struct vm_area_struct *)(regs)->cx)
#else
#define REMOVE_RMAP "page_remove_rmap"		/* (page, vma, compound) */
#define VMA_OF(regs) ((struct vm_area_struct *)(regs)->si)
#endif

/* try_to_unmap_one puts a swap entry in the page's place and leaves its mapcount. */
static enum av_verdict keep_rmap(struct pt_regs *regs)
{
	struct page *page = (struct page *)regs->di;

	if (!av_ours() || !PageAnon(page) || PageCompound(page) || !av_take(VMA_OF(regs)))
		return AV_PASS;
	av_report("try_to_unmap_one", "page=%px vma=%px: unmapped, and still counted", page, VMA_OF(regs));
	return av_skip_call(regs);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define COPY "do_wp_page"	/* wp_page_copy is inlined */
#else
#define COPY "wp_page_copy"
#endif

/* A write fault maps a copy and leaves the old page its mapcount. */
static enum av_verdict keep_old(struct pt_regs *regs)
{
	struct page *page = (struct page *)regs->di;

	if (!av_ours() || !PageAnon(page) || PageCompound(page) || !av_take(VMA_OF(regs)))
		return AV_PASS;
	av_report("wp_page_copy", "page=%px vma=%px: replaced, and still counted", page, VMA_OF(regs));
	return av_skip_call(regs);
}

#define UNLINK(entry, ret) { { "unlink_anon_vmas" }, entry, ret }

static const struct av_hook kept_chain[] = {
	{ { "unlink_anon_vmas" }, forget_unlink, NULL, false, "free_pgtables", 0x300 }, {}
};
static const struct av_hook left_avc[] = { UNLINK(hide_own, NULL), {} };
static const struct av_hook early_free[] = {
	UNLINK(enter_unlink, leave_unlink), { AV_TREE_REMOVE, NULL, hide_tree },
	{ { "__put_anon_vma" }, keep, NULL }, {}
};
static const struct av_hook kept_rmap[] = {
	{ { REMOVE_RMAP }, keep_rmap, NULL, false, "try_to_unmap_one", 0x1000 }, {}
};
static const struct av_hook kept_old[] = {
	{ { REMOVE_RMAP }, keep_old, NULL, false, COPY, 0x1000 }, {}
};

const struct av_fault av_death_faults[] = {
	{ "kept-chain", "a VMA is freed without unlink_anon_vmas", kept_chain },
	{ "left-avc", "unlink_anon_vmas leaves an AVC in its tree", left_avc },
	{ "early-free", "an anon_vma is freed while its tree holds an AVC", early_free },
	{ "kept-old", "a write fault maps a copy and does not take the old page's mapping away", kept_old },
	{ "kept-rmap", "reclaim unmaps a page and does not count it", kept_rmap },
	{}
};
