// SPDX-License-Identifier: GPL-2.0
/* What a fork gives the child: its anon_vma's root, parent, counters and reference; its choice. */
#include "faults.h"
#include "kinds.h"

/* The anon_vma that anon_vma_fork(vma, pvma) has made for vma; NULL if it made none. */
static struct anon_vma *made(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)call->arg[0], *pvma = (void *)call->arg[1];
	struct anon_vma_chain *avc;

	if (regs->ax || !av_ours() || !vma->anon_vma || !pvma->anon_vma)
		return NULL;
	list_for_each_entry(avc, &pvma->anon_vma_chain, same_vma)
		if (avc->anon_vma == vma->anon_vma)
			return NULL;
	return vma->anon_vma;
}

static void report(const struct av_call *call, const struct anon_vma *av, const char *what)
{
	av_report("anon_vma_fork", "vma=%px pvma=%px av=%px root=%px parent=%px: %s",
		  (void *)call->arg[0], (void *)call->arg[1], av, av->root, av->parent, what);
}

static void wrong_root_set(const struct av_call *call, struct pt_regs *regs)
{
	struct anon_vma *av = made(call, regs);
	struct av_note *note;

	if (!av || !av_take((void *)call->arg[0]))
		return;
	note = av_note(AV_WRONG_ROOT, av);
	if (!note)
		return;
	note->value[0] = (unsigned long)av->root;
	report(call, av, "root set to itself");
	WRITE_ONCE(av->root, av);
}

/* The last moment: what follows gives back the reference to the root. */
static enum av_verdict wrong_root_undo(struct pt_regs *regs)
{
	struct anon_vma *av = (void *)regs->di;
	struct av_note *note = av_note_of_object(AV_WRONG_ROOT, av);

	if (note) {
		WRITE_ONCE(av->root, (struct anon_vma *)note->value[0]);
		av_forget(note);
	}
	return AV_PASS;
}

static void wrong_parent_set(const struct av_call *call, struct pt_regs *regs)
{
	struct anon_vma *av = made(call, regs);
	struct av_note *note;

	if (!av || !av_take((void *)call->arg[0]))
		return;
	note = av_note(AV_WRONG_PARENT, av);
	if (!note)
		return;
	note->value[0] = (unsigned long)av->parent;
	report(call, av, "parent set to itself");
	av->parent = av;
}

/* The remove that may empty the tree, after which the parent's counter is lowered. */
static enum av_verdict wrong_parent_undo(struct pt_regs *regs)
{
	struct anon_vma_chain *avc = (void *)regs->di;
	struct av_note *note = av_note_of_object(AV_WRONG_PARENT, avc->anon_vma);

	if (note) {
		avc->anon_vma->parent = (struct anon_vma *)note->value[0];
		av_forget(note);
	}
	return AV_PASS;
}

static void lost_active(const struct av_call *call, struct pt_regs *regs)
{
	struct anon_vma *av = made(call, regs);

	if (!av || !av_take((void *)call->arg[0]))
		return;
	av->num_active_vmas--;
	report(call, av, "num_active_vmas not raised");
}

static void lost_child(const struct av_call *call, struct pt_regs *regs)
{
	struct anon_vma *av = made(call, regs);

	if (!av || !av_take((void *)call->arg[0]))
		return;
	av->parent->num_children--;
	report(call, av, "num_children of the parent not raised");
}

static void lost_active_clone(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *dst = (void *)call->arg[0], *src = (void *)call->arg[1];

	if (regs->ax || !av_ours() || dst->vm_mm != src->vm_mm || !dst->anon_vma || !av_take(src))
		return;
	dst->anon_vma->num_active_vmas--;
	av_report("anon_vma_clone", "dst=%px src=%px av=%px: num_active_vmas not raised",
		  dst, src, dst->anon_vma);
}

static void lost_reference(const struct av_call *call, struct pt_regs *regs)
{
	struct anon_vma *av = made(call, regs);

	if (!av || !av_note(AV_LOST_REFERENCE, av))
		return;
	if (!av_take((void *)call->arg[0])) {
		av_forget(av_note_of_object(AV_LOST_REFERENCE, av));
		return;
	}
	atomic_dec(&av->root->refcount);
	report(call, av, "reference to the root not taken");
}

static enum av_verdict lost_reference_undo(struct pt_regs *regs)
{
	struct anon_vma *av = (void *)regs->di;
	struct av_note *note = av_note_of_object(AV_LOST_REFERENCE, av);

	if (note) {
		atomic_inc(&av->root->refcount);
		av_forget(note);
	}
	return AV_PASS;
}

/* anon_vma_clone(dst, src) in a fork keeps an anon_vma that it finds in dst, and counts it; from 7.0 on we have to. */
static void choose(struct pt_regs *regs, bool root)
{
	struct vm_area_struct *dst = (void *)regs->di, *src = (void *)regs->si;
	struct av_note *note;

	if (!av_ours() || dst->vm_mm == src->vm_mm || dst->anon_vma || !src->anon_vma)
		return;
	if (root && src->anon_vma->root == src->anon_vma)
		return;
	if (!av_take(src))
		return;
	note = av_note(AV_CHOSEN, dst);
	if (!note)
		return;
	note->value[0] = (root ? src->anon_vma->root : src->anon_vma)->num_active_vmas;
	dst->anon_vma = root ? src->anon_vma->root : src->anon_vma;
	av_report("anon_vma_clone", "dst=%px src=%px: dst->anon_vma=%px which has %lu VMAs",
		  dst, src, dst->anon_vma, dst->anon_vma->num_active_vmas);
}

static void chosen(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *dst = (void *)call->arg[0];
	struct av_note *note = av_note_of_object(AV_CHOSEN, dst);

	if (!note)
		return;
	if (!regs->ax && dst->anon_vma->num_active_vmas == note->value[0])
		dst->anon_vma->num_active_vmas++;
	av_forget(note);
}

static enum av_verdict choose_parents(struct pt_regs *regs)
{
	choose(regs, false);
	return AV_PASS;
}

static enum av_verdict choose_root(struct pt_regs *regs)
{
	choose(regs, true);
	return AV_PASS;
}

/* As if dup_mmap did not call it: the child keeps the pointer that vm_area_dup copied. */
static enum av_verdict skip_fork(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di, *pvma = (void *)regs->si;

	if (!av_ours() || !pvma->anon_vma || vma->anon_vma != pvma->anon_vma || !av_take(pvma))
		return AV_PASS;
	/* unlink_anon_vmas will lower the counter of what may be gone by then */
	vma->anon_vma->num_active_vmas++;
	av_pin(vma->anon_vma);
	av_report("anon_vma_fork", "vma=%px pvma=%px av=%px: not called", vma, pvma, vma->anon_vma);
	return av_return(regs, 0);
}

/* From 7.0 on anon_vma_fork has an anon_vma ready before it knows whether the child reuses one: then that one is put again. */
static enum av_verdict keep_spare(struct pt_regs *regs)
{
	struct anon_vma *av = (void *)regs->di;

	if (!av_ours() || !av_take(NULL))
		return AV_PASS;
	av_report("anon_vma_fork", "av=%px: not needed, and not put", av);
	return av_skip_call(regs);
}

#define FORKED(handler) { { "anon_vma_fork" }, NULL, handler }
#define CLONING(handler) { { "anon_vma_clone" }, handler, chosen }
#define FREEING(handler) { { "__put_anon_vma" }, handler, NULL }
#define REMOVING(handler) { AV_TREE_REMOVE, handler, NULL }

static const struct av_hook wrong_root[] = { FORKED(wrong_root_set), FREEING(wrong_root_undo), {} };
static const struct av_hook wrong_parent[] = {
	FORKED(wrong_parent_set), REMOVING(wrong_parent_undo), {}
};
static const struct av_hook lost_active_fork_hooks[] = { FORKED(lost_active), {} };
static const struct av_hook lost_active_clone_hooks[] = {
	{ { "anon_vma_clone" }, NULL, lost_active_clone }, {}
};
static const struct av_hook lost_child_hooks[] = { FORKED(lost_child), {} };
static const struct av_hook lost_reference_hooks[] = {
	FORKED(lost_reference), FREEING(lost_reference_undo), {}
};
static const struct av_hook kept_spare[] = {
	{ { "__put_anon_vma" }, keep_spare, NULL, false, "anon_vma_fork", 0x200 }, {}
};
static const struct av_hook parents_own[] = { CLONING(choose_parents), {} };
static const struct av_hook reuse_root[] = { CLONING(choose_root), {} };
static const struct av_hook skipped_fork[] = { { { "anon_vma_fork" }, skip_fork, NULL }, {} };

const struct av_fault av_fork_faults[] = {
	{ "wrong-root", "a fork child's anon_vma is its own root", wrong_root },
	{ "wrong-parent", "a fork child's anon_vma is its own parent", wrong_parent },
	{ "lost-active", "a fork does not count the child's VMA", lost_active_fork_hooks },
	{ "lost-active-clone", "a split, merge or move does not count the new VMA",
	  lost_active_clone_hooks },
	{ "lost-child", "a fork does not count the new anon_vma at its parent", lost_child_hooks },
	{ "lost-reference", "a new anon_vma does not pin its root", lost_reference_hooks },
	{ "kept-spare", "a fork that reuses an anon_vma does not put the one it had ready", kept_spare },
	{ "parents-own", "a fork child gets its parent's own anon_vma", parents_own },
	{ "reuse-root", "a fork child reuses the root, which is in use", reuse_root },
	{ "skipped-fork", "a fork does not call anon_vma_fork for one VMA", skipped_fork },
	{}
};
