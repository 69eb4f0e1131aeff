// SPDX-License-Identifier: GPL-2.0
/* Hooks on kernel functions by kprobes, and the notes that hooks leave for one another. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <asm/text-patching.h>
#include <linux/spinlock.h>

#include "faults.h"

#define AV_SITES 12
#define AV_NOTES 64
#define ENDBR_SIZE 4
#define FTRACE_SITE 5	/* bytes of a call or a nop */

struct av_site {
	const struct av_hook *hook;
	struct kprobe entry;
	struct kretprobe ret;
	bool entry_on, ret_on;
};

static struct av_site sites[AV_SITES];
static unsigned int site_count;

static struct av_note notes[AV_NOTES];
static DEFINE_RAW_SPINLOCK(notes_lock);

unsigned long av_argument(const struct pt_regs *regs, unsigned int n)
{
	switch (n) {
	case 0: return regs->di;
	case 1: return regs->si;
	case 2: return regs->dx;
	case 3: return regs->cx;
	case 4: return regs->r8;
	case 5: return regs->r9;
	default: return 0;
	}
}

enum av_verdict av_return(struct pt_regs *regs, unsigned long value)
{
	regs->ax = value;
	regs->ip = *(unsigned long *)regs->sp;
	regs->sp += sizeof(unsigned long);
	return AV_JUMP;
}

/* A call has five bytes, as the site at a function's entry has. */
enum av_verdict av_skip_call(struct pt_regs *regs)
{
	regs->ip = instruction_pointer(regs) - INT3_INSN_SIZE + CALL_INSN_SIZE;
	return AV_JUMP;
}

static int at_entry(struct kprobe *p, struct pt_regs *regs)
{
	struct av_site *site = container_of(p, struct av_site, entry);

	return site->hook->entry(regs) == AV_JUMP;
}
NOKPROBE_SYMBOL(at_entry);

/* Its presence keeps the kernel from turning the breakpoint into a jump, which could not set ip. */
static void behind_entry(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(behind_entry);

static int at_call(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct av_call *call = (struct av_call *)instance->data;
	unsigned int n;

	for (n = 0; n < AV_ARGS; n++)
		call->arg[n] = av_argument(regs, n);
	return 0;
}
NOKPROBE_SYMBOL(at_call);

static int at_return(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct av_site *site = container_of(get_kretprobe(instance), struct av_site, ret);

	site->hook->ret((struct av_call *)instance->data, regs);
	return 0;
}
NOKPROBE_SYMBOL(at_return);

/* The address of a symbol, exported or not: where a kprobe on it would go. */
static kprobe_opcode_t *address_of(const char *symbol)
{
	struct kprobe p = { .symbol_name = symbol };
	kprobe_opcode_t *address;

	if (register_kprobe(&p))
		return NULL;
	address = p.addr;
	unregister_kprobe(&p);
	return address;
}

/* The first instruction behind the ftrace site (a five-byte nop, or the call that replaced it). */
static kprobe_opcode_t *behind_ftrace_site(kprobe_opcode_t *address)
{
	static const u8 nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	if (*address == 0xe8 || !memcmp(address, nop, sizeof(nop)))
		return address + FTRACE_SITE;
	return NULL;
}

static struct av_site *new_site(const struct av_hook *hook)
{
	struct av_site *site;

	if (site_count == AV_SITES)
		return NULL;
	site = &sites[site_count++];
	site->hook = hook;
	return site;
}

static int hook_instruction(struct av_site *site, kprobe_opcode_t *address)
{
	int err;

	site->entry.addr = address;
	site->entry.pre_handler = at_entry;
	site->entry.post_handler = behind_entry;
	err = register_kprobe(&site->entry);
	site->entry_on = !err;
	return err;
}

/*
 * The calls of the function at address within the caller. No other instruction has these very five bytes there. A probe's
 * address is behind an ENDBR, where there is one, and a call's target before it.
 */
static int hook_calls(const struct av_hook *hook, const char *symbol, kprobe_opcode_t *address)
{
	u8 *caller = address_of(hook->caller), *at;
	unsigned int found = 0;

	if (!caller) {
		pr_err("no %s in this kernel\n", hook->caller);
		return -ENOENT;
	}
	for (at = caller; at < caller + hook->extent; at++) {
		u8 *target = at + CALL_INSN_SIZE + *(s32 *)(at + 1);
		struct av_site *site;
		int err;

		if (*at != CALL_INSN_OPCODE && (*at != JMP32_INSN_OPCODE || !hook->tail))
			continue;
		if (target != address && target + ENDBR_SIZE != address)
			continue;
		site = new_site(hook);
		err = site ? hook_instruction(site, at) : -ENOSPC;
		if (err) {
			pr_err("cannot probe the call of %s in %s (%d)\n", symbol, hook->caller, err);
			return err;
		}
		found++;
	}
	if (!found)
		pr_err("%s does not call %s\n", hook->caller, symbol);
	return found ? 0 : -ENOENT;
}

static int hook_symbol(const struct av_hook *hook, const char *symbol, kprobe_opcode_t *address)
{
	struct av_site *site;
	int err;

	if (hook->caller)
		return hook_calls(hook, symbol, address);
	site = new_site(hook);
	if (!site)
		return -ENOSPC;
	if (hook->entry) {
		kprobe_opcode_t *behind = behind_ftrace_site(address);

		if (!behind) {
			pr_err("%s has no ftrace site at its entry\n", symbol);
			return -EINVAL;
		}
		err = hook_instruction(site, behind);
		if (err)
			goto refused;
	}
	if (hook->ret) {
		site->ret.kp.symbol_name = symbol;
		site->ret.entry_handler = at_call;
		site->ret.handler = at_return;
		site->ret.data_size = sizeof(struct av_call);
		site->ret.maxactive = 256;
		err = register_kretprobe(&site->ret);
		if (err)
			goto refused;
		site->ret_on = true;
	}
	return 0;
refused:
	pr_err("cannot probe %s (%d)\n", symbol, err);
	return err;
}

int av_hooks_register(const struct av_hook *hooks)
{
	const struct av_hook *hook;
	unsigned int i;
	int err;

	for (hook = hooks; hook->symbol[0]; hook++) {
		kprobe_opcode_t *address = NULL;

		for (i = 0; i < ARRAY_SIZE(hook->symbol) && hook->symbol[i]; i++) {
			address = address_of(hook->symbol[i]);
			if (address)
				break;
		}
		if (!address) {
			if (hook->optional)
				continue;
			pr_err("no %s in this kernel\n", hook->symbol[0]);
			err = -ENOENT;
		} else {
			err = hook_symbol(hook, hook->symbol[i], address);
		}
		if (err) {
			av_hooks_unregister();
			return err;
		}
	}
	return 0;
}

void av_hooks_unregister(void)
{
	while (site_count) {
		struct av_site *site = &sites[--site_count];

		if (site->ret_on)
			unregister_kretprobe(&site->ret);
		if (site->entry_on)
			unregister_kprobe(&site->entry);
		memset(site, 0, sizeof(*site));
	}
}

struct av_note *av_note(int kind, void *object)
{
	struct av_note *note = NULL;
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&notes_lock, flags);
	for (i = 0; i < AV_NOTES; i++) {
		if (notes[i].kind)
			continue;
		note = &notes[i];
		memset(note, 0, sizeof(*note));
		INIT_LIST_HEAD(&note->list);
		note->task = current;
		note->object = object;
		smp_store_release(&note->kind, kind);
		break;
	}
	raw_spin_unlock_irqrestore(&notes_lock, flags);
	return note;
}

struct av_note *av_note_of_task(int kind)
{
	unsigned int i;

	for (i = 0; i < AV_NOTES; i++)
		if (smp_load_acquire(&notes[i].kind) == kind && notes[i].task == current)
			return &notes[i];
	return NULL;
}

struct av_note *av_note_of_object(int kind, const void *object)
{
	unsigned int i;

	for (i = 0; i < AV_NOTES; i++)
		if (smp_load_acquire(&notes[i].kind) == kind && notes[i].object == object)
			return &notes[i];
	return NULL;
}

void av_forget(struct av_note *note)
{
	smp_store_release(&note->kind, 0);
}
