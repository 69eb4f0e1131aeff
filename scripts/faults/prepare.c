// SPDX-License-Identifier: GPL-2.0
/* The first anon_vma of a VMA: whose it is, under which lock, at which offset. */
#include <linux/version.h>

#include "faults.h"
#include "kinds.h"

/*
 * find_mergeable_anon_vma(vma) finds a neighbour's anon_vma where there is none: one of another
 * mapping. Its root's lock is then taken and its VMA counted, as with a neighbour's.
 */
static void find_stranger(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)call->arg[0];
	struct anon_vma *stranger;

	if (!av_ours() || regs->ax)
		return;
	stranger = av_stranger_to(NULL);
	if (!stranger || RB_EMPTY_ROOT(&stranger->rb_root.rb_root) || !av_take(vma))
		return;
	av_report("find_mergeable_anon_vma", "vma=%px: found av=%px, which is no neighbour's", vma,
		  stranger);
	regs->ax = (unsigned long)stranger;
}

static bool is_plain_unfaulted(const struct vm_area_struct *vma)
{
	return av_ours() && !vma->anon_vma && !vma->vm_file && !vma->vm_ops;
}

/*
 * A fault that does not hold mmap_lock while it gives the VMA its anon_vma. The workload's process
 * has one thread, so nothing changes the VMAs meanwhile.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)

/* The fault holds the VMA's lock; __vmf_anon_prepare has to take mmap_lock besides. */
static enum av_verdict prepare_begins(struct pt_regs *regs)
{
	struct vm_fault *vmf = (void *)regs->di;
	struct vm_area_struct *vma = vmf->vma;

	if (!is_plain_unfaulted(vma) || !(vmf->flags & FAULT_FLAG_VMA_LOCK) || !av_take(vma))
		return AV_PASS;
	if (av_note(AV_NO_MMAP_LOCK, &vma->vm_mm->mmap_lock))
		av_report("__vmf_anon_prepare", "vma=%px mm=%px: mmap_lock not taken", vma, vma->vm_mm);
	return AV_PASS;
}

static enum av_verdict try_to_lock(struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_NO_MMAP_LOCK);

	return note && note->object == (void *)regs->di ? av_return(regs, 1) : AV_PASS;
}

static enum av_verdict unlock(struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_NO_MMAP_LOCK);

	return note && note->object == (void *)regs->di ? av_return(regs, 0) : AV_PASS;
}

static void prepare_ends(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_NO_MMAP_LOCK);

	if (note)
		av_forget(note);
}

static const struct av_hook unlocked_prepare[] = {
	{ { "__vmf_anon_prepare" }, prepare_begins, prepare_ends },
	{ { "down_read_trylock" }, try_to_lock, NULL },
	{ { "up_read" }, unlock, NULL },
	{}
};

#else

/* The whole fault holds mmap_lock: it is let go of for its middle, handle_mm_fault. */
static enum av_verdict fault_begins(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;

	if (!is_plain_unfaulted(vma) || !av_take(vma) || !av_note(AV_NO_MMAP_LOCK, vma->vm_mm))
		return AV_PASS;
	av_report("handle_mm_fault", "vma=%px mm=%px: mmap_lock let go of", vma, vma->vm_mm);
	up_read(&vma->vm_mm->mmap_lock);
	return AV_PASS;
}

static void fault_ends(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_NO_MMAP_LOCK);

	if (!note)
		return;
	while (!down_read_trylock(&((struct mm_struct *)note->object)->mmap_lock))
		cpu_relax();
	av_forget(note);
}

static const struct av_hook unlocked_prepare[] = {
	{ { "handle_mm_fault" }, fault_begins, fault_ends }, {}
};

#endif

/* As MREMAP_DONTUNMAP left it until 2026: no anon_vma, and an offset that is another address's. */
static enum av_verdict shift_unfaulted(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;

	if (!is_plain_unfaulted(vma) || !av_take(vma))
		return AV_PASS;
	av_add_pgoff(vma, 16);
	av_report("handle_mm_fault", "vma=%px %lx-%lx: pgoff=%lx before the first fault", vma,
		  vma->vm_start, vma->vm_end, vma->vm_pgoff);
	return AV_PASS;
}

#ifdef AV_HAS_ANON_PGOFF
/* handle_mm_fault(vma, address, flags, ..): a private file mapping of which nothing has been copied yet. */
static enum av_verdict shift_unfaulted_file(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->di;

	if (!av_ours() || vma->anon_vma || !vma->vm_file || (vma->vm_flags & VM_SHARED) ||
	    !(regs->dx & FAULT_FLAG_WRITE) || !av_take(vma))
		return AV_PASS;
	av_set_anon_pgoff(vma, vma_start_anon_pgoff(vma) + 16);
	av_report("handle_mm_fault", "vma=%px %lx-%lx: anonymous offset %lx before the first fault", vma,
		  vma->vm_start, vma->vm_end, vma_start_anon_pgoff(vma));
	return AV_PASS;
}

static const struct av_hook unfaulted_anon_pgoff[] = {
	{ { "handle_mm_fault" }, shift_unfaulted_file, NULL }, {}
};
#endif

static const struct av_hook strange_prepare[] = {
	AV_MEETING, { { "find_mergeable_anon_vma" }, NULL, find_stranger }, {}
};
static const struct av_hook unfaulted_pgoff[] = {
	{ { "handle_mm_fault" }, shift_unfaulted, NULL }, {}
};

const struct av_fault av_prepare_faults[] = {
	{ "strange-prepare", "a first fault takes an anon_vma that is no neighbour's", strange_prepare },
	{ "unlocked-prepare", "a first fault prepares its VMA without mmap_lock", unlocked_prepare },
	{ "unfaulted-pgoff", "a VMA has another vm_pgoff than its address before its first fault",
	  unfaulted_pgoff },
#ifdef AV_HAS_ANON_PGOFF
	{ "unfaulted-anon-pgoff", "a file's VMA has another anonymous offset than its address before its first fault",
	  unfaulted_anon_pgoff },
#endif
	{}
};
