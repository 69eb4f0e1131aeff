// SPDX-License-Identifier: GPL-2.0
/* Interval trees and their keys: stale, missing, in another tree, or shifted. */
#include "faults.h"
#include "kinds.h"

/*
 * A split that changes the old half's range in place: its AVCs are off its list from the clone on
 * until __split_vma returns, so the loops that take them out of the trees and put them back find
 * none. Nothing else looks at the list meanwhile (mmap_lock is held for writing).
 */
static void split_cloned(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *src = (void *)call->arg[1];
	struct av_note *split = av_note_of_task(AV_IN_SPLIT), *note;

	if (!split || split->object != src || regs->ax || !src->anon_vma ||
	    list_empty(&src->anon_vma_chain) || !av_take(src))
		return;
	note = av_note(AV_HIDDEN, src);
	if (!note)
		return;
	list_replace_init(&src->anon_vma_chain, &note->list);
	av_report("__split_vma", "vma=%px %lx-%lx av=%px: changed without leaving the trees", src,
		  src->vm_start, src->vm_end, src->anon_vma);
}

static void split_done(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)call->arg[1];
	struct av_note *note = av_note_of_object(AV_HIDDEN, vma);

	if (note) {
		list_splice_init(&note->list, &vma->anon_vma_chain);
		av_forget(note);
	}
	av_leave_split(call, regs);
}

/* The first AVC of a fork child's own anon_vma. */
static bool is_own_first(const struct anon_vma_chain *avc)
{
	return av_ours() && avc->anon_vma->root != avc->anon_vma &&
	       avc->vma->anon_vma == avc->anon_vma &&
	       RB_EMPTY_ROOT(&avc->anon_vma->rb_root.rb_root);
}

static enum av_verdict insert_nothing(struct pt_regs *regs)
{
	struct anon_vma_chain *avc = (void *)regs->di;

	if (!is_own_first(avc) || !av_take(avc->vma) || !av_note(AV_NOT_INSERTED, avc))
		return AV_PASS;
	av_report("anon_vma_interval_tree_insert", "avc=%px vma=%px av=%px: not inserted", avc,
		  avc->vma, avc->anon_vma);
	return av_return(regs, 0);
}

static enum av_verdict remove_nothing(struct pt_regs *regs)
{
	struct av_note *note = av_note_of_object(AV_NOT_INSERTED, (void *)regs->di);

	if (!note)
		return AV_PASS;
	av_forget(note);
	return av_return(regs, 0);
}

/* The parent's anon_vma then never empties in unlink_anon_vmas, and is leaked. */
static enum av_verdict insert_elsewhere(struct pt_regs *regs)
{
	struct anon_vma_chain *avc = (void *)regs->di;
	struct av_note *note;

	if (!is_own_first(avc) || !av_take(avc->vma))
		return AV_PASS;
	note = av_note(AV_ELSEWHERE, avc);
	if (!note)
		return AV_PASS;
	av_pin(avc->anon_vma->parent);
	note->value[0] = av_tree_of(avc->anon_vma->parent);
	av_report("anon_vma_interval_tree_insert", "avc=%px vma=%px av=%px: put into the tree of %px",
		  avc, avc->vma, avc->anon_vma, avc->anon_vma->parent);
	regs->si = note->value[0];
	return AV_PASS;
}

static enum av_verdict remove_elsewhere(struct pt_regs *regs)
{
	struct av_note *note = av_note_of_object(AV_ELSEWHERE, (void *)regs->di);

	if (note) {
		regs->si = note->value[0];
		av_forget(note);
	}
	return AV_PASS;
}

/* copy_vma(vmap, addr, len, pgoff[, anon_pgoff], ..): the pages that move keep their index. */
static enum av_verdict shift_copy(struct pt_regs *regs)
{
	struct vm_area_struct *vma = *(struct vm_area_struct **)regs->di;

	if (!av_ours() || !vma->anon_vma || !av_take(vma))
		return AV_PASS;
	av_report("copy_vma", "vma=%px addr=%lx pgoff=%lx av=%px: pgoff one too high", vma, regs->si,
		  regs->cx, vma->anon_vma);
	regs->cx++;
#ifdef AV_HAS_ANON_PGOFF
	regs->r8++;
#endif
	return AV_PASS;
}

#ifdef AV_HAS_ANON_PGOFF
#define NEED_RMAP_LOCKS 5
#else
#define NEED_RMAP_LOCKS 4
#endif

/* copy_vma(.., need_rmap_locks, ..) that merges in front of the source: the move needs the rmap's locks. */
static void deny_locks(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *vma = *(struct vm_area_struct **)call->arg[0];
	bool *needed = (bool *)call->arg[NEED_RMAP_LOCKS];

	if (!av_ours() || !regs->ax || !*needed || !vma->anon_vma || !av_take(vma))
		return;
	*needed = false;
	av_report("copy_vma", "vma=%px new=%px: need_rmap_locks is false", vma, (void *)regs->ax);
}

/* Between the trees, while a split changes the old half's range: what rmap will take from it is wrong. */
static enum av_verdict remove_for_split(struct pt_regs *regs)
{
	struct vm_area_struct *vma = ((struct anon_vma_chain *)regs->di)->vma;
	struct av_note *split = av_note_of_task(AV_IN_SPLIT), *note;

	if (!split || split->object != vma || av_note_of_object(AV_WRONG_PROTECTION, vma) || !av_take(vma))
		return AV_PASS;
	note = av_note(AV_WRONG_PROTECTION, vma);
	if (!note)
		return AV_PASS;
	note->value[0] = pgprot_val(vma->vm_page_prot);
	pgprot_val(vma->vm_page_prot) ^= _PAGE_RW;
	av_report("__split_vma", "vma=%px vm_flags=%lx vm_page_prot=%lx: does not fit the flags", vma,
		  vma->vm_flags, (unsigned long)pgprot_val(vma->vm_page_prot));
	return AV_PASS;
}

/* Back in a tree, and seen: nothing shall map a page by it. */
static enum av_verdict insert_after_split(struct pt_regs *regs)
{
	struct vm_area_struct *vma = ((struct anon_vma_chain *)regs->di)->vma;
	struct av_note *note = av_note_of_object(AV_WRONG_PROTECTION, vma);

	if (note) {
		pgprot_val(vma->vm_page_prot) = note->value[0];
		av_forget(note);
	}
	return AV_PASS;
}

#ifdef AV_HAS_ANON_PGOFF
/* anon_vma_clone(new, old) in __split_vma, for a new upper half: its vm_pgoff was advanced, its anonymous offset was not. */
static enum av_verdict keep_anon_pgoff(struct pt_regs *regs)
{
	struct vm_area_struct *new = (void *)regs->di, *old = (void *)regs->si;
	struct av_note *split = av_note_of_task(AV_IN_SPLIT);

	if (!split || split->object != old || !old->vm_file || !old->anon_vma || new->vm_start <= old->vm_start ||
	    !av_take(old))
		return AV_PASS;
	av_set_anon_pgoff(new, vma_start_anon_pgoff(old));
	av_report("__split_vma", "vma=%px %lx-%lx av=%px: anonymous offset %lx is still that of %lx", new, new->vm_start,
		  new->vm_end, old->anon_vma, vma_start_anon_pgoff(new), old->vm_start);
	return AV_PASS;
}

static const struct av_hook stale_anon_pgoff[] = {
	AV_SPLIT_WINDOW, { { "anon_vma_clone" }, keep_anon_pgoff, NULL }, {}
};
#endif

#define INSERT(handler) { AV_TREE_INSERT, handler, NULL }
#define REMOVE(handler) { AV_TREE_REMOVE, handler, NULL }

static const struct av_hook stale_interval[] = {
	{ { "__split_vma" }, av_enter_split, split_done },
	{ { "anon_vma_clone" }, NULL, split_cloned },
	{}
};
static const struct av_hook skipped_insert[] = {
	INSERT(insert_nothing), REMOVE(remove_nothing), {}
};
static const struct av_hook wrong_tree[] = {
	INSERT(insert_elsewhere), REMOVE(remove_elsewhere), {}
};
static const struct av_hook wrong_pgoff[] = { { { "copy_vma" }, shift_copy, NULL }, {} };

static const struct av_hook unlocked_move[] = { { { "copy_vma" }, NULL, deny_locks }, {} };
static const struct av_hook wrong_protection[] = {
	AV_SPLIT_WINDOW, REMOVE(remove_for_split), INSERT(insert_after_split), {}
};

const struct av_fault av_tree_faults[] = {
	{ "stale-interval", "a split changes a VMA's range while its AVCs are in the trees",
	  stale_interval },
	{ "skipped-insert", "a fork child's own AVC is not put into its tree", skipped_insert },
	{ "wrong-tree", "a fork child's own AVC is put into the parent's tree", wrong_tree },
	{ "wrong-pgoff", "mremap gives the new VMA a vm_pgoff that is one too high", wrong_pgoff },
#ifdef AV_HAS_ANON_PGOFF
	{ "stale-anon-pgoff", "a split does not advance the anonymous offset of a file's VMA", stale_anon_pgoff },
#endif
	{ "unlocked-move", "mremap moves pages down without the rmap's locks", unlocked_move },
	{ "wrong-protection", "a VMA comes back to its trees with another vm_page_prot", wrong_protection },
	{}
};
