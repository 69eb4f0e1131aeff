/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ANON_VMA_FAULTS_KINDS_H
#define ANON_VMA_FAULTS_KINDS_H

/* The kinds of notes; see struct av_note in faults.h. */
enum av_note_kind {
	AV_IN_SPLIT = 1,	/* task: inside __split_vma; object: the VMA being split */
	AV_IN_MOVE,		/* task: inside copy_vma */
	AV_HIDDEN,		/* object: a VMA; list or value: what was taken off its chain */
	AV_WRONG_ROOT,		/* object: an anon_vma; value[0]: its honest root */
	AV_WRONG_PARENT,	/* object: an anon_vma; value[0]: its honest parent */
	AV_LOST_REFERENCE,	/* object: an anon_vma, whose reference to its root is missing */
	AV_LOCK,		/* task: its next down_write of object (a rwsem) is not what it seems */
	AV_LOCKED,		/* task: it holds that lock in the way that value[0] says */
	AV_NOT_INSERTED,	/* object: an AVC that is in no tree */
	AV_ELSEWHERE,		/* object: an AVC; value[0]: the tree it is in */
	AV_NO_MMAP_LOCK,	/* task: it does not hold what it seems to; object: a rwsem or an mm */
	AV_WRONG_PROTECTION,	/* object: a VMA; value[0]: its honest vm_page_prot */
	AV_NEW_PAGE,		/* object: a VMA; value[0]: the last page that was new in it */
	AV_IN_UNLINK,		/* task: inside unlink_anon_vmas; object: the VMA */
	AV_FREED_EARLY,		/* object: an anon_vma; value: its tree, which is hidden */
	AV_CHOSEN,		/* object: a VMA in anon_vma_clone; value[0]: how many VMAs its anon_vma has */
	AV_IN_REMAP,		/* task: inside mremap with MREMAP_DONTUNMAP */
	AV_LEFT,		/* object: a VMA that such an mremap has left behind */
	AV_IN_RESTORE,		/* task: inside rmap_walk for remove_migration_ptes; object: the new folio; value[0]: changed */
};

/* Hooks that keep a note while a task is inside a function. */
enum av_verdict av_enter_split(struct pt_regs *regs);
void av_leave_split(const struct av_call *call, struct pt_regs *regs);
enum av_verdict av_enter_move(struct pt_regs *regs);
void av_leave_move(const struct av_call *call, struct pt_regs *regs);

/* The anon_vmas that the workload made first, pinned: one of another root, preferably in use. */
void av_meet(const struct av_call *call, struct pt_regs *regs);
struct anon_vma *av_stranger_to(const struct anon_vma *av);

#define AV_MEETING { { "__anon_vma_prepare" }, NULL, av_meet }
#define AV_SPLIT_WINDOW { { "__split_vma" }, av_enter_split, av_leave_split }
#define AV_MOVE_WINDOW { { "copy_vma" }, av_enter_move, av_leave_move }

#endif
