// SPDX-License-Identifier: GPL-2.0
/*
 * What a page points to. The functions that set folio->mapping and folio->index read both from the
 * VMA that they are given: they are given a copy of it, changed in one field, and do not keep it.
 * No other memory is touched.
 */
#include <linux/version.h>

#include "faults.h"
#include "kinds.h"

#define COPIES 32
#define STRANGERS 8

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define ADD_NEW "folio_add_new_anon_rmap"	/* (folio, vma, address, flags) */
#define ADD_SHARED "folio_add_new_anon_rmap"
#define MOVE "folio_move_anon_rmap"		/* (folio, vma) */
#define ADD_HUGETLB "hugetlb_add_new_anon_rmap"
#define NEW_IS_EXCLUSIVE(regs) ((regs)->cx & (__force unsigned long)RMAP_EXCLUSIVE)
#else
#define ADD_NEW "page_add_new_anon_rmap"	/* (page, vma, address): always exclusive */
#define ADD_SHARED "page_add_anon_rmap"		/* (page, vma, address, flags) */
#define MOVE "page_move_anon_rmap"		/* (page, vma) */
#define ADD_HUGETLB "hugepage_add_new_anon_rmap"
#define NEW_IS_EXCLUSIVE(regs) true
#endif

/* What the rmap reads a page's place from is the folio's: struct page lost its index in 6.16. */
#define INDEX_OF(page) (((struct folio *)(page))->index)
#ifndef FOLIO_MAPPING_ANON
#define FOLIO_MAPPING_ANON PAGE_MAPPING_ANON
#endif

static struct {
	struct vm_area_struct vma;
	struct anon_vma anon_vma;
} copies[COPIES];
static atomic_t copies_used = ATOMIC_INIT(0);

static struct anon_vma *strangers[STRANGERS];
static atomic_t strangers_known = ATOMIC_INIT(0);

/* Puts a copy of *vma in its place, with another anon_vma. */
static bool substitute(struct pt_regs *regs, struct anon_vma *anon_vma)
{
	unsigned int n = atomic_inc_return(&copies_used) - 1;

	if (n >= COPIES)
		return false;
	memcpy(&copies[n].vma, (void *)regs->si, sizeof(copies[n].vma));
	copies[n].vma.anon_vma = anon_vma;
	regs->si = (unsigned long)&copies[n].vma;
	return true;
}

/* Collects and pins the first anon_vmas that the workload makes. */
void av_meet(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)call->arg[0];
	unsigned int n;

	if (regs->ax || !av_ours() || !vma->anon_vma)
		return;
	n = atomic_inc_return(&strangers_known) - 1;
	if (n >= STRANGERS)
		return;
	av_pin(vma->anon_vma);
	WRITE_ONCE(strangers[n], vma->anon_vma);
}

/* An anon_vma of another root, preferably one that is in use. */
struct anon_vma *av_stranger_to(const struct anon_vma *av)
{
	struct anon_vma *found = NULL;
	unsigned int n;

	for (n = 0; n < STRANGERS; n++) {
		struct anon_vma *each = READ_ONCE(strangers[n]);

		if (!each || (av && each->root == av->root))
			continue;
		if (!RB_EMPTY_ROOT(&each->rb_root.rb_root))
			return each;
		found = each;
	}
	return found;
}

static void report(const char *function, void *page, const struct vm_area_struct *vma,
		   const struct anon_vma *mapping)
{
	av_report(function, "page=%px vma=%px vma->anon_vma=%px root=%px mapping=%px", page, vma,
		  vma->anon_vma, vma->anon_vma->root, mapping);
}

static void to_stranger(const char *function, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;
	struct anon_vma *stranger;

	if (!av_ours() || !vma->anon_vma)
		return;
	stranger = av_stranger_to(vma->anon_vma);
	if (!stranger || !av_take(vma) || !substitute(regs, stranger))
		return;
	report(function, (void *)regs->di, vma, stranger);
}

static enum av_verdict new_to_stranger(struct pt_regs *regs)
{
	if (NEW_IS_EXCLUSIVE(regs))
		to_stranger(ADD_NEW, regs);
	return AV_PASS;
}

static enum av_verdict move_to_stranger(struct pt_regs *regs)
{
	to_stranger(MOVE, regs);
	return AV_PASS;
}

static enum av_verdict new_to_root(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;

	if (!av_ours() || !NEW_IS_EXCLUSIVE(regs) || !vma->anon_vma ||
	    vma->anon_vma->root == vma->anon_vma)
		return AV_PASS;
	if (av_take(vma) && substitute(regs, vma->anon_vma->root))
		report(ADD_NEW, (void *)regs->di, vma, vma->anon_vma->root);
	return AV_PASS;
}

static enum av_verdict new_off_by_one(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;

	if (!av_ours() || !NEW_IS_EXCLUSIVE(regs) || !vma->anon_vma || !av_take(vma))
		return AV_PASS;
	av_report(ADD_NEW, "page=%px vma=%px address=%lx: index one too high", (void *)regs->di, vma,
		  regs->dx);
	regs->dx += PAGE_SIZE;
	return AV_PASS;
}

/* The bug of 2010: a page that is not exclusive gets the newest anon_vma and not the oldest. */
static enum av_verdict shared_to_newest(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;
	struct anon_vma *av = vma->anon_vma, *copy;

	if (!av_ours() || (regs->cx & (__force unsigned long)RMAP_EXCLUSIVE) || !av ||
	    av->root == av || PageAnon((struct page *)regs->di))
		return AV_PASS;
	if (!av_take(vma) || !substitute(regs, NULL))
		return AV_PASS;
	/* What is read from it is its root only. */
	copy = &copies[((void *)regs->si - (void *)copies) / sizeof(copies[0])].anon_vma;
	copy->root = av;
	((struct vm_area_struct *)regs->si)->anon_vma = copy;
	report(ADD_SHARED, (void *)regs->di, vma, av);
	return AV_PASS;
}

/* hugetlb_add_new_anon_rmap(folio, vma, address) */
static enum av_verdict hugetlb_off_by_one(struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)regs->si;

	if (!av_ours() || !vma->anon_vma || regs->dx + PMD_SIZE >= vma->vm_end || !av_take(vma))
		return AV_PASS;
	av_report(ADD_HUGETLB, "page=%px vma=%px address=%lx: index one huge page too high",
		  (void *)regs->di, vma, regs->dx);
	regs->dx += PMD_SIZE;
	return AV_PASS;
}

/* Remembers one new page of a VMA, and pins it. */
static void remember_new(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *vma = (void *)call->arg[1];
	struct av_note *note;

	if (!av_ours() || av_note_of_object(AV_NEW_PAGE, vma) || !av_take(vma))
		return;
	note = av_note(AV_NEW_PAGE, vma);
	if (!note)
		return;
	note->value[0] = call->arg[0];
	get_page((struct page *)call->arg[0]);
}

/* copy_page_range(dst_vma, src_vma) leaves a page that both map exclusive to one. */
static void share_exclusively(const struct av_call *call, struct pt_regs *regs)
{
	struct vm_area_struct *src = (void *)call->arg[1];
	struct av_note *note = av_note_of_object(AV_NEW_PAGE, src);
	struct page *page;

	if (!note || regs->ax)
		return;
	page = (struct page *)note->value[0];
	SetPageAnonExclusive(page);
	av_report("copy_page_range", "page=%px src=%px dst=%px: shared, and still exclusive", page, src,
		  (void *)call->arg[0]);
	av_forget(note);
}

/* copy_page_range(dst_vma, src_vma): a page that both map gets another index, or another anon_vma. */
static void change(const struct av_call *call, struct pt_regs *regs, bool index)
{
	struct vm_area_struct *src = (void *)call->arg[1];
	struct av_note *note = av_note_of_object(AV_NEW_PAGE, src);
	struct anon_vma *stranger = src->anon_vma ? av_stranger_to(src->anon_vma) : NULL;
	struct page *page;

	if (!note || regs->ax || (!index && !stranger))
		return;
	page = (struct page *)note->value[0];
	if (index)
		INDEX_OF(page)++;
	else
		page->mapping = (void *)stranger + FOLIO_MAPPING_ANON;
	av_report("copy_page_range", "page=%px src=%px: mapped, and %s changed", page, src,
		  index ? "its index" : "its anon_vma");
	av_forget(note);
}

static void change_index(const struct av_call *call, struct pt_regs *regs)
{
	change(call, regs, true);
}

static void change_mapping(const struct av_call *call, struct pt_regs *regs)
{
	change(call, regs, false);
}

/*
 * rmap_walk(folio, control) for remove_migration_ptes, which alone has neither anon_lock nor done: the new folio has another
 * index while it takes the place of the old one's entries.
 */
static enum av_verdict restore_begins(struct pt_regs *regs)
{
	struct page *dst = (struct page *)regs->di;
	struct rmap_walk_control *control = (void *)regs->si;
	void *src;

	/* Of another walk the argument is no pointer. */
	if (!av_ours() || control->done || control->anon_lock || !control->arg)
		return AV_PASS;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	src = *(void **)control->arg;
#else
	src = control->arg;
#endif
	if (src && src != (void *)dst && PageAnon(dst) && !PageCompound(dst))
		av_note(AV_IN_RESTORE, dst);
	return AV_PASS;
}

/* The walk has its place by now. */
static enum av_verdict shift_restored(struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_IN_RESTORE);
	struct page *page;

	if (!note || note->value[0] || note->value[1] || !av_take(NULL))
		return AV_PASS;
	page = note->object;
	note->value[0] = 1;
	INDEX_OF(page)++;
	av_report("rmap_walk", "page=%px: index one too high", page);
	return AV_PASS;
}

static void shift_back(struct av_note *note)
{
	if (note && note->value[0]) {
		INDEX_OF(note->object)--;
		note->value[0] = 0;
		note->value[1] = 1;
	}
}

static enum av_verdict restore_one(struct pt_regs *regs)
{
	shift_back(av_note_of_task(AV_IN_RESTORE));
	return AV_PASS;
}

static void restore_ends(const struct av_call *call, struct pt_regs *regs)
{
	struct av_note *note = av_note_of_task(AV_IN_RESTORE);

	shift_back(note);
	if (note)
		av_forget(note);
}

static const struct av_hook wrong_mapping[] = { AV_MEETING, { { ADD_NEW }, new_to_stranger, NULL }, {} };
static const struct av_hook oldest_mapping[] = { { { ADD_NEW }, new_to_root, NULL }, {} };
static const struct av_hook wrong_index[] = { { { ADD_NEW }, new_off_by_one, NULL }, {} };
static const struct av_hook newest_mapping[] = { { { ADD_SHARED }, shared_to_newest, NULL }, {} };
static const struct av_hook wrong_move[] = { AV_MEETING, { { MOVE }, move_to_stranger, NULL }, {} };

static const struct av_hook hugetlb_index[] = { { { ADD_HUGETLB }, hugetlb_off_by_one, NULL }, {} };
static const struct av_hook shared_exclusive[] = {
	{ { ADD_NEW }, NULL, remember_new }, { { "copy_page_range" }, NULL, share_exclusively }, {}
};
static const struct av_hook changed_index[] = {
	{ { ADD_NEW }, NULL, remember_new }, { { "copy_page_range" }, NULL, change_index }, {}
};
static const struct av_hook changed_mapping[] = {
	AV_MEETING, { { ADD_NEW }, NULL, remember_new }, { { "copy_page_range" }, NULL, change_mapping }, {}
};
static const struct av_hook migrated_index[] = {
	{ { "rmap_walk" }, restore_begins, restore_ends },
	{ AV_TREE_FIRST, shift_restored, NULL },
	{ { "remove_migration_pte" }, restore_one, NULL }, {}
};

const struct av_fault av_page_faults[] = {
	{ "wrong-mapping", "a new page points to an anon_vma of another root", wrong_mapping },
	{ "oldest-mapping", "a new exclusive page points to the root", oldest_mapping },
	{ "wrong-index", "a new page's index is one too high", wrong_index },
	{ "newest-mapping", "a shared page from swap points to the newest anon_vma (the bug of 2010)",
	  newest_mapping },
	{ "wrong-move", "a reused page is moved to an anon_vma of another root", wrong_move },
	{ "hugetlb-index", "a new page of hugetlbfs has the next one's index", hugetlb_index },
	{ "shared-exclusive", "fork leaves a page that it shares exclusive", shared_exclusive },
	{ "changed-index", "a mapped page's index changes", changed_index },
	{ "changed-mapping", "a mapped page comes to point to an anon_vma of another root", changed_mapping },
	{ "migrated-index", "a migrated page has another index while it is mapped", migrated_index },
	{}
};
