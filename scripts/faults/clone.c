// SPDX-License-Identifier: GPL-2.0
/*
 * anon_vma_clone(dst, src) that copies too little: some or all of src's AVCs are taken off its list
 * while the function runs. The missing AVC is never allocated, so nothing about it can go wrong
 * later; the anon_vmas left out are pinned, because they may now die before their descendants.
 */
#include "faults.h"
#include "kinds.h"

enum av_verdict av_enter_split(struct pt_regs *regs)
{
	if (av_ours())
		av_note(AV_IN_SPLIT, (void *)regs->si);
	return AV_PASS;
}

void av_leave_split(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_IN_SPLIT);

	if (note)
		av_forget(note);
}

enum av_verdict av_enter_move(struct pt_regs *regs)
{
	if (av_ours())
		av_note(AV_IN_MOVE, NULL);
	return AV_PASS;
}

void av_leave_move(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_IN_MOVE);

	if (note)
		av_forget(note);
}

enum operation { FORK, SPLIT, MOVE, MERGE };

static enum operation operation_of(const struct vm_area_struct *dst,
				   const struct vm_area_struct *src)
{
	if (dst->vm_mm != src->vm_mm)
		return FORK;
	if (av_note_of_task(AV_IN_SPLIT))
		return SPLIT;
	return av_note_of_task(AV_IN_MOVE) ? MOVE : MERGE;
}

static const char *const operation_name[] = { "fork", "split", "move", "merge" };

static void hide_one(enum operation wanted, struct pt_regs *regs, bool root)
{
	struct vm_area_struct *dst = (void *)regs->di, *src = (void *)regs->si;
	struct anon_vma_chain *avc = NULL, *each;
	struct av_note *note;

	if (!av_ours() || operation_of(dst, src) != wanted || !src->anon_vma ||
	    list_empty(&src->anon_vma_chain))
		return;
	list_for_each_entry(each, &src->anon_vma_chain, same_vma)
		if (each->anon_vma == (root ? src->anon_vma->root : src->anon_vma))
			avc = each;
	if (!avc || (root && list_is_singular(&src->anon_vma_chain)) || !av_take(src))
		return;
	note = av_note(AV_HIDDEN, src);
	if (!note)
		return;
	note->value[0] = (unsigned long)avc;
	note->value[1] = (unsigned long)avc->same_vma.prev;
	__list_del_entry(&avc->same_vma);
	av_pin(avc->anon_vma);
	av_report("anon_vma_clone", "%s dst=%px src=%px without avc=%px av=%px root=%px",
		  operation_name[wanted], dst, src, avc, avc->anon_vma, avc->anon_vma->root);
}

static void hide_all(enum operation wanted, struct pt_regs *regs)
{
	struct vm_area_struct *dst = (void *)regs->di, *src = (void *)regs->si;
	struct anon_vma_chain *avc;
	struct av_note *note;

	if (!av_ours() || operation_of(dst, src) != wanted || !src->anon_vma ||
	    list_empty(&src->anon_vma_chain) || !av_take(src))
		return;
	note = av_note(AV_HIDDEN, src);
	if (!note)
		return;
	list_for_each_entry(avc, &src->anon_vma_chain, same_vma)
		av_pin(avc->anon_vma);
	list_replace_init(&src->anon_vma_chain, &note->list);
	av_report("anon_vma_clone", "%s dst=%px src=%px copied nothing, av=%px root=%px",
		  operation_name[wanted], dst, src, src->anon_vma, src->anon_vma->root);
}

static void show_again(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *src = (void *)call->arg[1];
	struct av_note *note = av_note_of_object(AV_HIDDEN, src);

	if (!note)
		return;
	if (note->value[0]) {
		struct anon_vma_chain *avc = (void *)note->value[0];

		list_add(&avc->same_vma, (struct list_head *)note->value[1]);
	} else {
		list_splice_init(&note->list, &src->anon_vma_chain);
	}
	av_forget(note);
}

static enum av_verdict fork_without_own(struct pt_regs *regs)
{
	hide_one(FORK, regs, false);
	return AV_PASS;
}

static enum av_verdict fork_without_root(struct pt_regs *regs)
{
	hide_one(FORK, regs, true);
	return AV_PASS;
}

static enum av_verdict split_without_root(struct pt_regs *regs)
{
	hide_one(SPLIT, regs, true);
	return AV_PASS;
}

static enum av_verdict split_without_all(struct pt_regs *regs)
{
	hide_all(SPLIT, regs);
	return AV_PASS;
}

static enum av_verdict move_without_all(struct pt_regs *regs)
{
	hide_all(MOVE, regs);
	return AV_PASS;
}

static enum av_verdict merge_without_all(struct pt_regs *regs)
{
	hide_all(MERGE, regs);
	return AV_PASS;
}

#define CLONE(handler) { { "anon_vma_clone" }, handler, show_again }
#define WINDOWS AV_SPLIT_WINDOW, AV_MOVE_WINDOW

static const struct av_hook drop_avc[] = { CLONE(fork_without_own), {} };
static const struct av_hook drop_root_avc[] = { CLONE(fork_without_root), {} };
static const struct av_hook split_drop_avc[] = { WINDOWS, CLONE(split_without_root), {} };
static const struct av_hook chainless[] = { WINDOWS, CLONE(split_without_all), {} };
static const struct av_hook move_chainless[] = { WINDOWS, CLONE(move_without_all), {} };
static const struct av_hook merge_chainless[] = { WINDOWS, CLONE(merge_without_all), {} };

const struct av_fault av_clone_faults[] = {
	{ "drop-avc", "a fork child is not put into the tree of its parent's anon_vma", drop_avc },
	{ "drop-root-avc", "a fork child is not put into the root's tree", drop_root_avc },
	{ "split-drop-avc", "the new half of a split is not put into the root's tree", split_drop_avc },
	{ "chainless", "the new half of a split has an anon_vma and no AVC", chainless },
	{ "move-chainless", "the target of mremap has an anon_vma and no AVC", move_chainless },
	{ "merge-chainless", "a merged VMA takes over an anon_vma without its AVCs", merge_chainless },
	{}
};
