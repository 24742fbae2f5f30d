// SPDX-License-Identifier: MIT
/*
 * fork.c - new tasks, and which of them share an address space.
 *
 * A child can report its first stop before its parent reports
 * PTRACE_EVENT_FORK, VFORK or CLONE, which announces the child: the child stays
 * stopped until then.  A parent that is killed in between announces nothing:
 * its exit stop adopts such children.
 */
#include "tracer/calls/fork.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/calls/exit.h"
#include "tracer/calls/outside.h"
#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

/* What keep_traced() has changed in a call. */
struct undo {
	struct arch_regs regs;
	struct arch_call asked;
	uint64_t flags;		/* as the program gave them */
	bool in_memory;		/* clone3 */
};

struct task *fork_first_program(pid_t tid, struct emul_ns *ns)
{
	struct task *task = task_add(tid);
	struct emul_mm *emul = emul_mm_new(config.emul);

	if (!task || !emul)
		return NULL;
	task->state = TASK_ANNOUNCED;
	task->ns = emul_ns_get(ns);
	task->mm = mm_new(emul);
	return task->mm ? task : NULL;
}

static uint64_t clone3_flags(struct task *task, uint64_t args)
{
	uint64_t flags = 0;

	remote_read(task, args, &flags, sizeof(flags));
	return flags;
}

/* The flags of a clone as the kernel's state shows them: for calls of another
   ABI, and for parents that died before their registers were read. */
static uint64_t flags_from_kernel(const struct task *parent, pid_t tid)
{
	uint64_t flags = 0;

	if (syscall(SYS_kcmp, parent->tid, tid, KCMP_VM, 0, 0) == 0)
		flags |= CLONE_VM;
	if (proc_tgid(tid) == parent->tgid)
		flags |= CLONE_THREAD | CLONE_VM;
	/* inherit() asks for the namespaces of the child */
	return flags | CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWPID;
}

static uint64_t clone_flags(struct task *parent, pid_t tid)
{
	struct arch_regs regs;
	struct arch_call call;

	if (arch_fetch(parent->tid, &regs, &call) == 0) {
		if (call.nr == SYS_clone)
			return call.args[0];
		if (call.nr == SYS_clone3)
			return clone3_flags(parent, call.args[0]);
#ifdef SYS_fork
		if (call.nr == SYS_fork)
			return 0;
		if (call.nr == SYS_vfork)
			return CLONE_VM | CLONE_VFORK;
#endif
	}
	return flags_from_kernel(parent, tid);
}

static struct mm *fork_mm(struct task *parent)
{
	const struct emul_caller caller = task_caller(parent);
	struct emul_mm *emul = emul_mm_fork(&caller);
	struct mm *mm = emul ? mm_new(emul) : NULL;

	if (mm) {
		mm->stub = parent->mm->stub;
		mm->cannot_open_proc = parent->mm->cannot_open_proc;
		mm->userfaults = parent->mm->userfaults;
		mm->stop_all_calls = parent->mm->stop_all_calls;
	}
	return mm;
}

static void inherit_pidns(struct task *task, const struct task *parent,
			  uint64_t flags)
{
	if (flags & CLONE_THREAD)
		task->pidns = pidns_get(parent->pidns);
	else if (flags & CLONE_NEWPID || parent->pidns ||
		 parent->nests_children)
		task->pidns = pidns_born(task->tid);
	else
		pidns_plain(task->tid);
}

/* Give the child what its parent has, shared or copied as clone()'s flags
   say. */
static void inherit(struct task *task, struct task *parent, uint64_t flags)
{
	task->tgid = flags & CLONE_THREAD ? parent->tgid : task->tid;
	task->no_new_privs = parent->no_new_privs;
	task->own_filter = parent->own_filter;
	task->strict = parent->strict;
	task->read_implies_exec = parent->read_implies_exec;
	if (flags & CLONE_NEWUSER)
		cred_forget(&task->cred);
	else
		cred_copy(&task->cred, &parent->cred);
	task->ns = flags & CLONE_NEWIPC ? ipcns_of(task->tid, parent->ns) :
					  emul_ns_get(parent->ns);
	inherit_pidns(task, parent, flags);
	if (!parent->mm)
		return;
	if (flags & CLONE_VM) {
		task->mm = parent->mm;
		task->mm->users++;
		outside_inherit(task, parent);
		return;
	}
	outside_inherit(task, parent);
	task->mm = fork_mm(parent);
	if (!task->mm) {
		log_warn("out of memory: process %d is killed", task->tid);
		kill(task->tid, SIGKILL);
	}
}

/* Returns the child if it is stopped and has waited for this, else NULL. */
static struct task *announce(struct task *parent, pid_t tid, uint64_t flags)
{
	struct task *task = task_find(tid);
	bool waiting = task && task_is_unannounced(task);

	if (task && !waiting) /* the task was adopted already */
		return NULL;
	if (!task)
		task = task_add(tid);
	if (!task) {
		kill(tid, SIGKILL);
		return NULL;
	}
	task_announced(task);
	inherit(task, parent, flags);
	if (parent->undo) {
		task->undo = malloc(sizeof(*task->undo));
		if (task->undo)
			*task->undo = *parent->undo;
		if (task->undo && flags & CLONE_VM)
			task->undo->in_memory = false;
	}
	return waiting ? task : NULL;
}

struct task *fork_announced(struct task *parent, pid_t *expected)
{
	unsigned long tid;
	struct task *task;

	*expected = 0;
	if (!remote_event_message(parent, &tid))
		return NULL;
	task = announce(parent, (pid_t)tid, clone_flags(parent, (pid_t)tid));
	/* the copy is made: with CLONE_VFORK the exit stop comes much later */
	wait_fork_over(parent);
	if (task && task->state == TASK_EXITING) {
		fork_adopt_orphans(task);
		exit_event(task);
		task_release(task);
		return NULL;
	}
	if (!task)
		*expected = (pid_t)tid;
	return task;
}

void fork_first_stop(struct task *task)
{
	struct undo *undo = task->undo;

	task->state = TASK_RUNNING;
	if (!undo)
		return;
	task->undo = NULL;
	if (undo->asked.nr == SYS_clone3) {
		if (undo->in_memory)
			remote_write(task, undo->asked.args[0], &undo->flags,
				     sizeof(undo->flags));
	} else {
		arch_put_first(task->tid, undo->flags);
	}
	free(undo);
}

static struct undo *remember(struct task *task, uint64_t flags)
{
	struct undo *undo = malloc(sizeof(*undo));

	if (undo)
		*undo = (struct undo){
			.regs = task->call.regs,
			.asked = task->call.asked,
			.flags = flags,
			.in_memory = task->call.asked.nr == SYS_clone3,
		};
	return undo;
}

/* Take CLONE_UNTRACED out of the flags of the call, and remember them in
   task->undo. */
static void keep_traced(struct task *task, uint64_t flags)
{
	struct arch_call call = task->call.asked;
	bool in_memory = call.nr == SYS_clone3;
	uint64_t traced = flags & ~(uint64_t)CLONE_UNTRACED;

	if (flags == traced)
		return;
	task->undo = remember(task, flags);
	if (!task->undo) {
		remote_answer(task, -ENOMEM);
	} else if (in_memory) {
		remote_write(task, call.args[0], &traced, sizeof(traced));
	} else {
		call.args[0] = traced;
		arch_rewrite(task->tid, &task->call.regs, &call, 0);
	}
}

static uint64_t asked_flags(struct task *task)
{
	const struct arch_call *call = &task->call.asked;

	if (call->nr == SYS_clone3)
		return clone3_flags(task, call->args[0]);
	return call->nr == SYS_clone ? call->args[0] : 0;
}

void fork_begins(struct task *task)
{
	uint64_t flags = asked_flags(task);

	if (touch_is_due(task))
		return;
	if (!(flags & CLONE_VM) && task->mm->users > 1)
		wait_fork_begins(task);
	keep_traced(task, flags);
}

void fork_undo(struct task *task)
{
	struct undo *undo = task->undo;
	int64_t result = 0;

	wait_fork_over(task);
	if (!undo)
		return;
	task->undo = NULL;
	if (undo->in_memory)
		remote_write(task, undo->asked.args[0], &undo->flags,
			     sizeof(undo->flags));
	else if (arch_result(task->tid, &result) == 0 &&
		 remote_was_interrupted(result))
		arch_restart(task->tid, &undo->regs);
	else
		arch_restore(task->tid, &undo->regs, result);
	free(undo);
}

/* Announce a child of the process `arg` that no thread of it will announce. */
static void adopt_orphan(struct task *task, void *arg)
{
	struct task *parent = arg;

	if (!task_is_unannounced(task) ||
	    (proc_ppid(task->tid) != parent->tgid &&
	     proc_tgid(task->tid) != parent->tgid))
		return;
	announce(parent, task->tid, flags_from_kernel(parent, task->tid));
	if (task->state == TASK_EXITING) {
		task_release(task);
		return;
	}
	fork_first_stop(task);
	remote_resume(task, 0);
}

/* The number of threads of a process that can announce a child. */
struct threads {
	pid_t tgid;
	unsigned count;
};

static void count_thread(struct task *task, void *arg)
{
	struct threads *threads = arg;

	if (task->mm && task->tgid == threads->tgid)
		threads->count++;
}

/* The parent's event is reported soon or never.  A dead task whose event has
   not come while 64 other tasks exited will not be announced. */
static void forget_dead_unannounced(struct task *task, void *arg)
{
	(void)arg;
	if (task->state != TASK_UNANNOUNCED_DEAD || ++task->exits_since < 64)
		return;
	task_release(task);
}

/* While another thread of the process lives, that thread may be the parent and
   announce the children. */
void fork_adopt_orphans(struct task *task)
{
	struct threads threads = { task->tgid, 0 };

	if (!task_count_unannounced() || !task->mm)
		return;
	task_each(forget_dead_unannounced, NULL);
	task_each(count_thread, &threads);
	if (threads.count == 1)
		task_each(adopt_orphan, task);
}
