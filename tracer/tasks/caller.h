// SPDX-License-Identifier: MIT
/*
 * caller.h - a task as the caller of an emulated call.
 */
#ifndef TASKS_CALLER_H
#define TASKS_CALLER_H

#include "tracer/tasks/task.h"

/* Without credentials, and with credentials, which may have to be read from
   /proc.  The result points into *task: it is valid until the task's
   credentials change. */
struct emul_caller task_caller(struct task *task);
struct emul_caller task_caller_cred(struct task *task);

#endif
