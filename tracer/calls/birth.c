// SPDX-License-Identifier: MIT
/*
 * birth.c - who shares which address space, from clone to the last exit.
 *
 * A child can report its first stop before its parent reports the event that
 * announces it; it waits until then.  A parent killed in between announces
 * nothing: its exit stop adopts such children.
 */
#include "tracer/calls/birth.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer/calls/procfs.h"
#include "tracer/remote/syscall.h"
#include "tracer/tasks/caller.h"
#include "tracer/tasks/ipcns.h"
#include "tracer/tasks/pidns.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

/* What birth_keep_traced changed. */
struct undo {
	struct arch_regs regs;
	struct arch_call asked;
	uint64_t flags;		/* as the program gave them */
	bool in_memory;		/* clone3 */
};

/* Threads of a process that can still announce a child. */
struct threads {
	pid_t tgid;
	unsigned count;
};

/* Gives up one user; with the last one every attachment goes. */
static void mm_put(struct task *task)
{
	const struct emul_caller caller = task_caller(task);
	struct mm *mm = task->mm;

	if (--mm->users == 0) {
		emul_space_drop(&caller);
		procfs_close_all(mm->procfs_files);
		free(mm);
	}
	task->mm = NULL;
}

/* All that the task refers to, and the task. */
static void release(struct task *task)
{
	if (task->mm)
		mm_put(task);
	if (task->ns)
		ipcns_put(task->ns);
	pidns_put(task->pidns);
	cred_free(&task->cred);
	free(task->undo);
	task_free(task);
}

struct task *fork_first_program(pid_t tid, struct emul_ns *ns)
{
	struct task *task = task_add(tid);
	struct emul_space *space = emul_space_new(run.emul);

	if (!task || !space)
		return NULL;
	task->state = TASK_ANNOUNCED;
	task->ns = emul_ns_get(ns);
	task->mm = mm_new(space);
	return task->mm ? task : NULL;
}

static uint64_t clone3_flags(struct task *task, uint64_t args)
{
	uint64_t flags = 0;

	remote_read(task, args, &flags, sizeof(flags));
	return flags;
}

/* For calls of another ABI, and parents that died too early to ask. */
static uint64_t flags_from_kernel(const struct task *parent, pid_t tid)
{
	uint64_t flags = 0;

	if (syscall(SYS_kcmp, parent->tid, tid, KCMP_VM, 0, 0) == 0)
		flags |= CLONE_VM;
	if (proc_tgid(tid) == parent->tgid)
		flags |= CLONE_THREAD | CLONE_VM;
	/* to be looked at */
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
	struct emul_space *space = emul_space_fork(&caller);
	struct mm *mm = space ? mm_new(space) : NULL;

	if (mm) {
		mm->stub = parent->mm->stub;
		mm->cannot_open_proc = parent->mm->cannot_open_proc;
		mm->stop_all_mm_calls = parent->mm->stop_all_mm_calls;
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

/* The child has what its parent had, as clone's flags say. */
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
		return;
	}
	task->mm = fork_mm(parent);
	if (!task->mm) {
		log_warn("out of memory: process %d is killed", task->tid);
		kill(task->tid, SIGKILL);
	}
}

static struct task *announce(struct task *parent, pid_t tid, uint64_t flags)
{
	struct task *task = task_find(tid);
	bool waiting = task && task->state == TASK_UNANNOUNCED;

	if (task && !waiting)	/* adopted already */
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

/* The message of an event stop.  False when the task was killed meanwhile:
   at its exit stop the message would be the exit status. */
static bool event_message(const struct task *task, unsigned long *message)
{
	return ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, message) == 0 &&
	       !remote_has_moved(task);
}

struct task *fork_announced(struct task *parent, pid_t *expected)
{
	unsigned long tid;
	struct task *task;

	*expected = 0;
	if (!event_message(parent, &tid))
		return NULL;
	task = announce(parent, (pid_t)tid, clone_flags(parent, (pid_t)tid));
	if (task && task->died_unannounced) {
		fork_adopt_orphans(task);
		exit_event(task);
		release(task);
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

	if (!(flags & CLONE_VM) && task->mm->users > 1)
		task_fork_begins(task);
	keep_traced(task, flags);
}

void fork_undo(struct task *task)
{
	struct undo *undo = task->undo;
	int64_t result = 0;

	task_fork_over(task);
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

/* Children of a parent that was killed before it could announce them. */
static void adopt_orphan(struct task *task, void *arg)
{
	struct task *parent = arg;

	if (task->state != TASK_UNANNOUNCED ||
	    (proc_ppid(task->tid) != parent->tgid &&
	     proc_tgid(task->tid) != parent->tgid))
		return;
	announce(parent, task->tid, flags_from_kernel(parent, task->tid));
	if (task->died_unannounced) {
		release(task);
		return;
	}
	fork_first_stop(task);
	remote_resume(task, 0);
}

static void count_thread(struct task *task, void *arg)
{
	struct threads *threads = arg;

	if (task->mm && task->tgid == threads->tgid)
		threads->count++;
}

/* Its parent's event is reported at once, or never: a task that was to be
   announced when so many others have ended since was not. */
static void forget_dead_unannounced(struct task *task, void *arg)
{
	(void)arg;
	if (task->state != TASK_UNANNOUNCED || !task->died_unannounced ||
	    ++task->waited < 64)
		return;
	release(task);
}

/* While another thread of the process lives it may be the parent, and
   announce them. */
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

static unsigned execs;		/* begun since they were last settled */

void exec_begins(struct task *task)
{
	if (!task->mm || emul_space_is_empty(task->mm->space))
		return;
	task->in_exec = true;
	execs++;
}

/* The old address space has our stub, the new one has not. */
static bool has_new_space(const struct task *task)
{
	char byte;
	struct iovec local = { &byte, 1 };
	/* an address of the program travels as a pointer here */
	struct iovec stub = { (void *)(uintptr_t)run.arena_start, 1 };

	return process_vm_readv(task->tid, &local, 1, &stub, 1, 0) < 0 &&
	       errno == EFAULT;
}

static void settle(struct task *task, void *arg)
{
	bool *any = arg;

	if (!task->in_exec || !task->mm)
		return;
	if (task->mm->users == 1 && task->mm->stub && has_new_space(task)) {
		task->in_exec = false;
		mm_put(task);
	} else {
		*any = true;
	}
}

void exec_settle(void)
{
	bool any = false;

	if (!execs)
		return;
	task_each(settle, &any);
	execs = any;
}

/* Exec by a thread that is not the leader takes the leader's id over. */
struct task *exec_event(struct task *task)
{
	unsigned long former = (unsigned long)task->tid;
	struct emul_space *space;

	if (!event_message(task, &former))
		former = (unsigned long)task->tid;
	if ((pid_t)former != task->tid) {
		struct task *thread = task_find((pid_t)former);

		if (thread) {
			pid_t tid = task->tid;

			release(task);
			task_rename(thread, tid);
			task = thread;
		}
	}
	cred_forget(&task->cred);
	task_fork_over(task);
	fork_adopt_orphans(task);
	if (task->mm)
		mm_put(task);
	space = emul_space_new(run.emul);
	task->mm = space ? mm_new(space) : NULL;
	if (!task->mm) {
		log_warn("out of memory: process %d is killed", task->tid);
		kill(task->tid, SIGKILL);
		return task;
	}
	task->mm->stop_all_calls = procfs_is_likely(task);
	return task;
}

void exit_event(struct task *task)
{
	task_fork_over(task);
	if (task->mm)
		mm_put(task);
	if (task->ns)
		emul_task_exit(task->ns, task->creator);
}

/* A thread whose end we missed: it was killed at its exec event, say. */
static void reap_one_missed(struct task *task, void *arg)
{
	const struct task *leader = arg;

	if (task == leader || task->tgid != leader->tgid ||
	    task->state == TASK_UNANNOUNCED)
		return;
	exit_event(task);
	release(task);
}

/* The leader is reported dead last of all threads. */
void exit_reap_missed(struct task *task)
{
	if (task->state != TASK_UNANNOUNCED && task->tid == task->tgid &&
	    task->mm)
		task_each(reap_one_missed, task);
}

void exit_dead(struct task *task)
{
	if (task->state == TASK_UNANNOUNCED) {
		task->died_unannounced = true;
		return;
	}
	exit_event(task);
	release(task);
}
