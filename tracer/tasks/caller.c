// SPDX-License-Identifier: MIT
/*
 * caller.c - describes a task as the caller of an emulated call.
 */
#include "tracer/tasks/caller.h"

#include <time.h>

#include "tracer/tasks/ipcns.h"

struct emul_caller task_caller(struct task *task)
{
	static const struct emul_cred none;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (struct emul_caller){
		.task = task,
		.ns = task->ns,
		.mm = task->mm ? task->mm->emul : NULL,
		.cred = &none,
		.pid = task->tgid,
		.creator = task->creator,
		.now = now.tv_sec,
		.read_implies_exec = task->read_implies_exec,
	};
}

struct emul_caller task_caller_cred(struct task *task)
{
	struct emul_caller caller = task_caller(task);

	caller.cred = cred_get(&task->cred, task->tid);
	/* ns_capable(): capabilities in a child user namespace do not count
	   for an IPC namespace that a namespace above it owns */
	if (task->cred.user_ns && caller.cred->caps &&
	    !ipcns_is_below(task->ns, task->cred.user_ns)) {
		task->cred.weak = *caller.cred;
		task->cred.weak.caps = 0;
		caller.cred = &task->cred.weak;
	}
	return caller;
}
