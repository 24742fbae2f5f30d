// SPDX-License-Identifier: MIT
/*
 * exit.c - the end of tasks, and of address spaces.
 */
#include "tracer/calls/exit.h"

#include <stdlib.h>

#include "tracer/calls/procfs.h"
#include "tracer/remote/remote.h"
#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/ended.h"

void mm_put(struct task *task)
{
	const struct emul_caller caller = task_caller(task);
	struct mm *mm = task->mm;

	if (--mm->users == 0) {
		emul_mm_drop(&caller);
		procfs_close_all(mm->procfs_files);
		undumpable_forget(mm);
		free(mm);
	}
	task->mm = NULL;
}

void task_release(struct task *task)
{
	if (task->mm)
		mm_put(task);
	if (task->ns)
		ipcns_put(task->ns);
	pidns_put(task->pidns);
	cred_free(&task->cred);
	free(task->undo);
	free(task->mm_call);
	wait_forget(task);
	task_free(task);
}

void exit_event(struct task *task)
{
	wait_fork_over(task);
	ended_add(task->tgid);
	task->state = TASK_EXITING;
	if (task->mm) {
		task->left_others = task->mm->users > 1;
		mm_put(task);
	}
	if (task->ns)
		emul_task_exit(task->ns, task->creator);
}

/* Release a thread whose end the kernel does not report: exec gave it the
   leader's id (de_thread(), fs/exec.c), and a signal killed it before the exec
   event. */
static void reap_one_missed(struct task *task, void *arg)
{
	const struct task *leader = arg;

	if (task == leader || task->tgid != leader->tgid ||
	    task_is_unannounced(task))
		return;
	exit_event(task);
	task_release(task);
}

/* The kernel reports the leader's death after those of all other threads
   (delay_group_leader()).  The walk over all tasks is made only for a leader
   whose address space had other users at its exit stop. */
void exit_reap_missed(struct task *task)
{
	if (!task_is_unannounced(task) && task->tid == task->tgid &&
	    (task->mm || task->left_others))
		task_each(reap_one_missed, task);
}

void exit_dead(struct task *task)
{
	if (task_is_unannounced(task)) {
		task->state = TASK_UNANNOUNCED_DEAD;
		return;
	}
	exit_event(task);
	task_release(task);
}
