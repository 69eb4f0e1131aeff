// SPDX-License-Identifier: GPL-2.0
/*
 * The root's lock: not taken, taken for reading, or another one taken. Done at down_write and
 * up_write of that very lock by that very task, so the recorded lock words are the real ones. Only
 * when the lock is free: the risk that another CPU changes the same tree meanwhile is small.
 */
#include <linux/rwsem.h>

#include "faults.h"
#include "kinds.h"

enum way { NOT, FOR_READING, ANOTHER };

static void arm(const char *function, struct vm_area_struct *vma, enum way way)
{
	struct anon_vma *av = vma->anon_vma;
	struct av_note *note;

	if (!av_ours() || !av || list_empty(&vma->anon_vma_chain) ||
	    (way == ANOTHER && av == av->root))
		return;
	if (rwsem_is_locked(&av->root->rwsem) || !av_take(vma))
		return;
	note = av_note(AV_LOCK, &av->root->rwsem);
	if (!note)
		return;
	note->value[0] = way;
	note->value[1] = (unsigned long)&av->rwsem;
	av_report(function, "vma=%px av=%px root=%px rwsem=%px: %s", vma, av, av->root,
		  &av->root->rwsem,
		  way == NOT ? "not taken" : way == FOR_READING ? "taken for reading" :
			       "the anon_vma's own taken");
}

static enum av_verdict instead(struct pt_regs *regs, struct av_note *note, void *reading)
{
	switch ((enum way)note->value[0]) {
	case NOT:
		return av_return(regs, 0);
	case FOR_READING:
		regs->ip = (unsigned long)reading;
		return AV_JUMP;
	case ANOTHER:
		regs->di = note->value[1];
		break;
	}
	return AV_PASS;
}

static enum av_verdict locking(struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_LOCK);

	if (!note || note->object != (void *)regs->di)
		return AV_PASS;
	note->kind = AV_LOCKED;
	return instead(regs, note, down_read);
}

static enum av_verdict unlocking(struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_LOCKED);
	enum av_verdict verdict;

	if (!note || note->object != (void *)regs->di)
		return AV_PASS;
	verdict = instead(regs, note, up_read);
	av_forget(note);
	return verdict;
}

/* The function took no lock after all: nothing may be left armed. */
static void disarm(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_LOCK);

	if (note)
		av_forget(note);
}

static enum av_verdict clone_unlocked(struct pt_regs *regs)
{
	arm("anon_vma_clone", (void *)regs->si, NOT);
	return AV_PASS;
}

static enum av_verdict clone_reading(struct pt_regs *regs)
{
	arm("anon_vma_clone", (void *)regs->si, FOR_READING);
	return AV_PASS;
}

static enum av_verdict clone_another(struct pt_regs *regs)
{
	arm("anon_vma_clone", (void *)regs->si, ANOTHER);
	return AV_PASS;
}

static enum av_verdict unlink_unlocked(struct pt_regs *regs)
{
	arm("unlink_anon_vmas", (void *)regs->di, NOT);
	return AV_PASS;
}

#define LOCKS { { "down_write" }, locking, NULL }, { { "up_write" }, unlocking, NULL }
#define CLONE(handler) { { "anon_vma_clone" }, handler, disarm }
#define UNLINK(handler) { { "unlink_anon_vmas" }, handler, disarm }

static const struct av_hook skipped_lock[] = { LOCKS, CLONE(clone_unlocked), {} };
static const struct av_hook read_lock[] = { LOCKS, CLONE(clone_reading), {} };
static const struct av_hook wrong_lock[] = { LOCKS, CLONE(clone_another), {} };
static const struct av_hook skipped_lock_unlink[] = { LOCKS, UNLINK(unlink_unlocked), {} };

const struct av_fault av_lock_faults[] = {
	{ "skipped-lock", "anon_vma_clone inserts without the root's lock", skipped_lock },
	{ "read-lock", "anon_vma_clone inserts with the root's lock held for reading", read_lock },
	{ "wrong-lock", "anon_vma_clone holds the lock of a child, not of the root", wrong_lock },
	{ "skipped-lock-unlink", "unlink_anon_vmas removes without the root's lock",
	  skipped_lock_unlink },
	{}
};
