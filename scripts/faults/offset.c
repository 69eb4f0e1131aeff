// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets that are not what an operation makes of them: of a VMA that is new, merged, forked or left behind by mremap, of a
 * KSM page that is looked for, and of a range of hugetlbfs. What kernels from 7.0 or 7.3 on have only.
 */
#include <linux/mman.h>

#include "faults.h"
#include "kinds.h"

#ifdef AV_HAS_ANON_PGOFF

static bool is_private_file(const struct vm_area_struct *vma)
{
	return vma->vm_file && !(vma->vm_flags & VM_SHARED);
}

/* handle_mm_fault(vma, ..): memory without a file has one offset, by two names. */
static enum av_verdict part_offsets(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;

	if (!av_ours() || vma->anon_vma || vma->vm_file || vma->vm_ops || !av_take(vma))
		return AV_PASS;
	av_set_anon_pgoff(vma, vma->vm_pgoff + 16);
	av_report("handle_mm_fault", "vma=%px %lx-%lx: pgoff %lx, anonymous offset %lx", vma, vma->vm_start,
		  vma->vm_end, vma->vm_pgoff, vma_start_anon_pgoff(vma));
	return AV_PASS;
}

/* The beginning of struct vma_prepare (mm/vma.h of 7.3), which no header has. */
struct merge {
	struct vm_area_struct *vma, *adj_next;
	void *file, *mapping, *anon_vma;
	struct vm_area_struct *insert, *remove;
};

/* vma_complete(vp, ..): the survivor has its new range, and its AVCs are about to come back to their trees. */
static enum av_verdict shift_survivor(struct pt_regs *regs)
{
	struct merge *merge = (void *)regs->di;
	struct vm_area_struct *vma = merge->vma;

	if (!av_ours() || !merge->remove || !merge->remove->anon_vma || !vma->anon_vma || !is_private_file(vma) ||
	    !av_take(vma))
		return AV_PASS;
	av_set_anon_pgoff(vma, vma_start_anon_pgoff(vma) + 16);
	av_report("vma_complete", "vma=%px %lx-%lx: anonymous offset %lx after the merge with vma=%px", vma,
		  vma->vm_start, vma->vm_end, vma_start_anon_pgoff(vma), merge->remove);
	return AV_PASS;
}

/* anon_vma_fork(vma, pvma) */
static enum av_verdict shift_child(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di, *pvma = (void *)regs->si;

	if (!av_ours() || !pvma->anon_vma || !is_private_file(pvma) || !av_take(pvma))
		return AV_PASS;
	av_set_anon_pgoff(vma, vma_start_anon_pgoff(vma) + 16);
	av_report("anon_vma_fork", "vma=%px pvma=%px: anonymous offset %lx, the parent's is %lx", vma, pvma,
		  vma_start_anon_pgoff(vma), vma_start_anon_pgoff(pvma));
	return AV_PASS;
}

/* mremap(old, old_len, new_len, flags, new), by its registers. */
static enum av_verdict enter_mremap(struct pt_regs *regs)
{
	struct pt_regs *user = (void *)regs->di;

	if (av_ours() && user->r10 & MREMAP_DONTUNMAP)
		av_note(AV_IN_REMAP, NULL);
	return AV_PASS;
}

static void leave_mremap(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_IN_REMAP);

	if (note)
		av_forget(note);
}

/* unlink_anon_vmas(vma): the old VMA, which stays. */
static void remember_left(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)call->arg[0];

	if (av_note_of_task(AV_IN_REMAP) && is_private_file(vma) && !av_note_of_object(AV_LEFT, vma))
		av_note(AV_LEFT, vma);
}

/* As if dontunmap_complete had left it an offset that is another address's. */
static enum av_verdict shift_left(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;
	struct av_note *note = av_note_of_object(AV_LEFT, vma);

	if (!note || !av_ours() || vma->anon_vma || !is_private_file(vma) || !(regs->dx & FAULT_FLAG_WRITE) ||
	    !av_take(vma))
		return AV_PASS;
	av_forget(note);
	av_set_anon_pgoff(vma, vma_start_anon_pgoff(vma) + 16);
	av_report("mremap", "vma=%px %lx-%lx: left behind with the anonymous offset %lx", vma, vma->vm_start,
		  vma->vm_end, vma_start_anon_pgoff(vma));
	return AV_PASS;
}

/*
 * The call of iter_first(tree, first, last) in rmap_walk_ksm: the offset of the page beside it is looked for, which the same
 * VMA has. (Of one that no VMA has, only the page that is not found would tell.)
 */
static enum av_verdict look_beside(struct pt_regs *regs)
{
	struct anon_vma *av = av_of_tree(regs->di);
	struct rb_node *root = av->rb_root.rb_root.rb_node;
	struct vm_area_struct *vma;
	unsigned long wrong;

	if (!av_ours() || !root)
		return AV_PASS;
	vma = rb_entry(root, struct anon_vma_chain, rb)->vma;
	if (regs->si < vma_start_anon_pgoff(vma) || regs->si > vma_last_anon_pgoff(vma) || vma_pages(vma) < 2 ||
	    !av_take(NULL))
		return AV_PASS;
	wrong = regs->si < vma_last_anon_pgoff(vma) ? regs->si + 1 : regs->si - 1;
	av_report("rmap_walk_ksm", "av=%px: looks for %lx, not for %lx", av, wrong, regs->si);
	regs->si = wrong;
	regs->dx = wrong;
	return AV_PASS;
}

static const struct av_hook pure_anon_pgoff[] = { { { "handle_mm_fault" }, part_offsets, NULL }, {} };
static const struct av_hook merged_anon_pgoff[] = { { { "vma_complete" }, shift_survivor, NULL }, {} };
static const struct av_hook forked_anon_pgoff[] = { { { "anon_vma_fork" }, shift_child, NULL }, {} };
static const struct av_hook left_anon_pgoff[] = {
	{ { "__x64_sys_mremap" }, enter_mremap, leave_mremap },
	{ { "unlink_anon_vmas" }, NULL, remember_left },
	{ { "handle_mm_fault" }, shift_left, NULL }, {}
};
static const struct av_hook ksm_index[] = {
	{ AV_TREE_FIRST, look_beside, NULL, false, "rmap_walk_ksm", 0x400 }, {}
};

#endif

/* The call of __unmap_hugepage_range(tlb, vma, start, end, ..) for munmap: one huge page too many, which is not mapped. */
static enum av_verdict unmap_beyond(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;

	if (!av_ours() || regs->cx != vma->vm_end || !av_take(NULL))
		return AV_PASS;
	regs->cx += PMD_SIZE;
	av_report("__zap_vma_range", "vma=%px %lx-%lx: unmaps %lx-%lx", vma, vma->vm_start, vma->vm_end, regs->dx,
		  regs->cx);
	return AV_PASS;
}

static const struct av_hook hugetlb_range[] = {
	{ { "__unmap_hugepage_range" }, unmap_beyond, NULL, false, "__zap_vma_range", 0x1a20, true }, {}
};

const struct av_fault av_offset_faults[] = {
#ifdef AV_HAS_ANON_PGOFF
	{ "pure-anon-pgoff", "a VMA without a file has two offsets that differ", pure_anon_pgoff },
	{ "merged-anon-pgoff", "a merge gives a file's VMA another anonymous offset", merged_anon_pgoff },
	{ "forked-anon-pgoff", "a fork gives a file's VMA another anonymous offset", forked_anon_pgoff },
	{ "left-anon-pgoff", "MREMAP_DONTUNMAP leaves a file's VMA an anonymous offset of another address",
	  left_anon_pgoff },
	{ "ksm-index", "a walk for a page of KSM looks for the offset of the page beside it", ksm_index },
#endif
	{ "hugetlb-range", "munmap unmaps a huge page behind the VMA", hugetlb_range },
	{}
};
