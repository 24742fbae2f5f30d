// SPDX-License-Identifier: MIT
/*
 * mmcalls.c - munmap, mmap, mremap, mprotect, madvise, mlock, mbind, mseal
 * and their kin: let them run, then tell emul/ what happened.
 */
#include "tracer/mmcalls.h"

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "tracer/call.h"
#include "tracer/mem.h"
#include "tracer/run.h"

#define SYS_MSEAL 462		/* the same everywhere; headers lack it */
#define POLICY_WORDS 16U	/* node masks up to 1024 nodes */

/* Equal policies get equal numbers, the default one 0. */
static uint64_t policy_number(struct task *task, const uint64_t *args)
{
	uint64_t words[POLICY_WORDS] = { 0 }, hash = args[2] & 0xffffffff;
	uint64_t bits = args[4] < 64UL * POLICY_WORDS ? args[4] :
						      64UL * POLICY_WORDS;

	if (args[3] && bits)
		mem_read(task, args[3], words, (size_t)((bits + 63) / 64 * 8));
	for (unsigned i = 0; i < POLICY_WORDS; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x100000001b3);
	return args[2] ? hash : 0;
}

/* The same for those that lock. */
static bool translate_lock(const struct arch_call *asked,
			   struct emul_mmcall *call)
{
	switch (asked->nr) {
	case SYS_mlock2:
		call->flags = asked->args[2];
		call->op = EMUL_MM_MLOCK;
		return true;
	case SYS_mlock:
		call->op = EMUL_MM_MLOCK;
		return true;
	case SYS_munlock:
		call->op = EMUL_MM_MUNLOCK;
		return true;
	case SYS_mlockall:
		*call = (struct emul_mmcall){ .op = EMUL_MM_MLOCKALL,
					      .flags = asked->args[0] };
		return true;
	case SYS_munlockall:
		*call = (struct emul_mmcall){ .op = EMUL_MM_MUNLOCKALL };
		return true;
	default:
		return false;
	}
}

/* Which of emul's calls this is; false if none. */
static bool translate(struct task *task, struct emul_mmcall *call)
{
	const uint64_t *args = task->call.asked.args;

	*call = (struct emul_mmcall){ .addr = args[0], .len = args[1] };
	switch (task->call.asked.nr) {
	case SYS_munmap:
		call->op = EMUL_MM_MUNMAP;
		return true;
	case SYS_mmap:
		call->op = EMUL_MM_MMAP;
		call->flags = args[3];
		return args[3] & MAP_FIXED;
	case SYS_mremap:
		call->op = EMUL_MM_MREMAP;
		call->new_len = args[2];
		call->flags = args[3];
		call->new_addr = args[4];
		return true;
	case SYS_pkey_mprotect:
		call->flags = args[3] + 1;
		__attribute__((fallthrough));
	case SYS_mprotect:
		call->op = EMUL_MM_MPROTECT;
		call->prot = (int)args[2];
		if (task->read_implies_exec && call->prot & PROT_READ)
			call->prot |= PROT_EXEC;
		return true;
	case SYS_madvise:
		call->op = EMUL_MM_MADVISE;
		call->advice = (int)args[2];
		return true;
	case SYS_mbind:
		call->op = EMUL_MM_MBIND;
		call->flags = args[5];
		return true;
	case SYS_MSEAL:
		call->op = EMUL_MM_MSEAL;
		return true;
	case SYS_remap_file_pages:
		call->op = EMUL_MM_REMAP_FILE_PAGES;
		call->pgoff = args[3];
		return true;
	default:
		return translate_lock(&task->call.asked, call);
	}
}

static bool touches(uint64_t addr, uint64_t len)
{
	uint64_t stub = run.arena_start;

	return addr < stub + 2 * run.page_size && len &&
	       (addr >= stub || stub - addr < len);
}

static bool covers_stub(const struct emul_mmcall *call)
{
	return touches(call->addr, call->len) ||
	       (call->op == EMUL_MM_MREMAP && call->flags & MREMAP_FIXED &&
		touches(call->new_addr, call->new_len));
}

/* A program that unmaps everything unmaps our stub page too. */
static void watch_stub(struct task *task, const struct emul_mmcall *call,
		       sysret_t result)
{
	if (result != SYSRET_GONE && result >= 0 && covers_stub(call) &&
	    (call->op == EMUL_MM_MUNMAP || call->op == EMUL_MM_MMAP ||
	     call->op == EMUL_MM_MREMAP || call->op == EMUL_MM_MPROTECT))
		task->mm->stub = false;
}

bool mmcalls_handle(struct task *task)
{
	struct emul_mmcall call;
	sysret_t result;

	if (!task->mm || !translate(task, &call))
		return false;
	if (!emul_mm_concerns(task->mm->space, &call) && !covers_stub(&call))
		return true;
	if (call.op == EMUL_MM_MBIND)
		call.policy = policy_number(task, task->call.asked.args);
	result = emul_mm_enter(task_caller(task), &call);
	if (result < 0) {
		call_answer(task, result);
		return true;
	}
	result = call_run(task);
	watch_stub(task, &call, result);
	emul_mm_leave(task_caller(task), &call, result);
	mmcalls_watch(task);
	return true;
}

/* Threads that run freely now must come by to be resumed in plain mode. */
static void interrupt_sharer(struct task *other, void *arg)
{
	const struct task *task = arg;

	if (other != task && other->mm == task->mm &&
	    other->state == TASK_LIVE)
		ptrace(PTRACE_INTERRUPT, other->tid, NULL, NULL);
}

void mmcalls_watch(struct task *task)
{
	if (!task->mm || task->mm->everywhere || !run.filtered ||
	    !emul_space_is_outside(task->mm->space))
		return;
	task->mm->everywhere = true;
	if (task->mm->users > 1)
		task_each(interrupt_sharer, task);
}
