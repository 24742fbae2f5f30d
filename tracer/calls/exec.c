// SPDX-License-Identifier: MIT
/*
 * exec.c - a new image, in a new address space.
 */
#include "tracer/calls/exec.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/uio.h>

#include "tracer/calls/exit.h"
#include "tracer/calls/fork.h"
#include "tracer/calls/procfs.h"
#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"

static unsigned execs; /* execve() calls begun since exec_settle() */

void exec_begins(struct task *task)
{
	if (!task->mm || emul_mm_is_empty(task->mm->emul))
		return;
	task->state = TASK_IN_EXEC;
	execs++;
}

/* Has the kernel given the task a new address space?  The stub is mapped in the
   old one only. */
static bool has_new_space(const struct task *task)
{
	char byte;
	struct iovec local = { &byte, 1 };
	/* struct iovec has the program's address as a pointer */
	struct iovec stub = { (void *)(uintptr_t)config.arena_start, 1 };

	return process_vm_readv(task->tid, &local, 1, &stub, 1, 0) < 0 &&
	       errno == EFAULT;
}

static void settle(struct task *task, void *arg)
{
	bool *any = arg;

	if (task->state != TASK_IN_EXEC || !task->mm)
		return;
	if (task->mm->users == 1 && task->mm->stub && has_new_space(task)) {
		task->state = TASK_RUNNING;
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

/* An exec by a thread that is not the leader gives the thread the leader's id
   (de_thread(), fs/exec.c). */
struct task *exec_event(struct task *task)
{
	unsigned long former = (unsigned long)task->tid;
	struct emul_mm *emul;

	if (!remote_event_message(task, &former))
		former = (unsigned long)task->tid;
	if ((pid_t)former != task->tid) {
		struct task *thread = task_find((pid_t)former);

		if (thread) {
			pid_t tid = task->tid;

			task_release(task);
			task_rename(thread, tid);
			task = thread;
		}
	}
	cred_forget(&task->cred);
	task->stops_for = NOTHING_OUTSIDE;
	wait_fork_over(task);
	fork_adopt_orphans(task);
	if (task->mm)
		mm_put(task);
	emul = emul_mm_new(config.emul);
	task->mm = emul ? mm_new(emul) : NULL;
	if (!task->mm) {
		log_warn("out of memory: process %d is killed", task->tid);
		kill(task->tid, SIGKILL);
		return task;
	}
	task->mm->stop_all_calls = procfs_is_likely(task);
	return task;
}
