// SPDX-License-Identifier: MIT
/*
 * mm.c - munmap, mmap, mremap, mprotect, madvise, mlock, mbind, mseal
 * and their kin: let them run, then tell emul/ what happened.
 */
#include "tracer/calls/mm.h"

#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tracer/calls/outside.h"
#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

#define SYS_MSEAL 462		/* the same everywhere; headers lack it */
/* of madvise, Linux 5.14; newer than some headers */
enum { POPULATE_READ = 22, POPULATE_WRITE = 23 };
#define POLICY_WORDS 16U	/* node masks up to 1024 nodes */
/* of a memory policy; MPOL_F_NUMA_BALANCING is newer than some headers */
#define MODE_FLAGS (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | 1 << 13)

/* The nodes that a task may use, as in /proc/TID/status: groups of 32 bits,
   the highest first. */
static void read_allowed(pid_t tid, uint64_t nodes[POLICY_WORDS])
{
	char *status = proc_read(tid, "status"), *end;
	char *line = status ? strstr(status, "\nMems_allowed:") : NULL;
	unsigned group = 0;

	memset(nodes, 0, POLICY_WORDS * sizeof(*nodes));
	if (line) {
		line += strlen("\nMems_allowed:");
		end = line + strcspn(line, "\n");
		for (; end > line && group < 2 * POLICY_WORDS; group++) {
			while (end > line && end[-1] != ',' && end[-1] != '\t')
				end--;
			nodes[group / 2] |= strtoull(end, NULL, 16)
					    << group % 2 * 32;
			end--;
		}
	}
	free(status);
}

/* The node mask of mbind().  maxnode is one more than the number of bits
   (get_nodes(), mm/mempolicy.c). */
static void read_nodes(struct task *task, const uint64_t *args,
		       uint64_t nodes[POLICY_WORDS])
{
	uint64_t bits = args[4] ? args[4] - 1 : 0;

	if (bits > 64UL * POLICY_WORDS)
		bits = 64UL * POLICY_WORDS;
	memset(nodes, 0, POLICY_WORDS * sizeof(*nodes));
	if (!args[3] || !bits)
		return;
	remote_read(task, args[3], nodes, (size_t)((bits + 63) / 64 * 8));
	if (bits % 64)
		nodes[bits / 64] &= (UINT64_C(1) << bits % 64) - 1;
}

static void keep_first(uint64_t nodes[POLICY_WORDS])
{
	bool seen = false;

	for (unsigned i = 0; i < POLICY_WORDS; i++) {
		nodes[i] = seen ? 0 : nodes[i] & -nodes[i];
		seen |= nodes[i] != 0;
	}
}

static bool is_empty(const uint64_t nodes[POLICY_WORDS])
{
	uint64_t any = 0;

	for (unsigned i = 0; i < POLICY_WORDS; i++)
		any |= nodes[i];
	return !any;
}

/* A number for a policy: equal policies get equal ones, MPOL_DEFAULT 0, as in
   mpol_new() and
   mpol_equal() in mm/mempolicy.c, Linux 6.18. */
static uint64_t policy_number(struct task *task, const uint64_t *args)
{
	uint64_t nodes[POLICY_WORDS], allowed[POLICY_WORDS];
	uint64_t mode = args[2] & 0xffffffff;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	if (!(mode & ~(uint64_t)MODE_FLAGS))
		return 0;
	read_nodes(task, args, nodes);
	if (mode == MPOL_PREFERRED && is_empty(nodes))
		mode = MPOL_LOCAL;
	if (!(mode & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES))) {
		read_allowed(task->tid, allowed);
		for (unsigned i = 0; i < POLICY_WORDS; i++)
			nodes[i] &= allowed[i];
		if (mode == MPOL_PREFERRED)
			keep_first(nodes);
	}
	hash = (hash ^ mode) * UINT64_C(0x100000001b3);
	for (unsigned i = 0; i < POLICY_WORDS; i++)
		hash = (hash ^ nodes[i]) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

/* translate() for mlock() and the calls like it. */
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

/* Translate the call for emul/; false if it does not change mappings. */
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
	uint64_t stub = config.arena_start;

	return addr < stub + 2 * config.page_size && len &&
	       (addr >= stub || stub - addr < len);
}

static bool covers_stub(const struct emul_mmcall *call)
{
	return touches(call->addr, call->len) ||
	       (call->op == EMUL_MM_MREMAP && call->flags & MREMAP_FIXED &&
		touches(call->new_addr, call->new_len));
}

void mm_watch_stub(struct task *task, const struct emul_mmcall *call,
		   sysret_t result)
{
	if (result != SYSRET_GONE && result >= 0 && covers_stub(call) &&
	    (call->op == EMUL_MM_MUNMAP || call->op == EMUL_MM_MMAP ||
	     call->op == EMUL_MM_MREMAP || call->op == EMUL_MM_MPROTECT))
		task->mm->stub = false;
}

/* Attachments can leave the arena, or move outside it. */
static void watch_moved(struct task *task, const struct emul_mmcall *call,
			sysret_t result)
{
	if (call->op != EMUL_MM_MREMAP ||
	    !emul_mm_is_outside(task->mm->emul))
		return;
	outside_watch(task);
	remote_answer(task, result);
}

static void leave(struct task *task, const struct emul_mmcall *call,
		  sysret_t result)
{
	const struct emul_caller caller = task_caller(task); /* and time */

	mm_watch_stub(task, call, result);
	emul_mm_leave(&caller, call, result);
	if (result != SYSRET_GONE)
		watch_moved(task, call, result);
}

/* Those that fetch pages: one may be filled in by userfaultfd, or never. */
static bool may_take_long(const struct emul_mmcall *call)
{
	return call->op == EMUL_MM_MLOCK || call->op == EMUL_MM_MLOCKALL ||
	       (call->op == EMUL_MM_MADVISE &&
		(call->advice == POPULATE_READ ||
		 call->advice == POPULATE_WRITE));
}

/* Nobody waits for it but stops of its own address space, as for a fork. */
static bool run_alone(struct task *task, const struct emul_mmcall *call)
{
	task->mm_call = malloc(sizeof(*call));
	if (!task->mm_call)
		return false;
	*task->mm_call = *call;
	wait_fork_begins(task);
	return true;
}

void mm_at_exit(struct task *task)
{
	struct emul_mmcall *call = task->mm_call;
	int64_t result;

	if (!call)
		return;
	task->mm_call = NULL;
	task->call.handled = true;
	if (arch_result(task->tid, &result) == 0)
		leave(task, call, result);
	free(call);
}

bool mm_knows(int64_t nr)
{
	struct task task = { .call.asked.nr = nr };
	struct emul_mmcall call;

	return nr == SYS_mmap || translate(&task, &call);
}

bool mm_handle(struct task *task)
{
	struct emul_caller caller;
	struct emul_mmcall call;
	sysret_t result;

	if (!task->mm || !translate(task, &call))
		return false;
	if (!emul_mm_concerns(task->mm->emul, &call) && !covers_stub(&call))
		return true;
	if (call.op == EMUL_MM_MBIND)
		call.policy = policy_number(task, task->call.asked.args);
	if (touch_is_due(task))
		return true;
	caller = task_caller(task);
	result = emul_mm_enter(&caller, &call);
	if (result != 0) {
		remote_answer(task, result);
		return true;
	}
	if (!may_take_long(&call) || !run_alone(task, &call))
		leave(task, &call, remote_run(task));
	return true;
}
