// SPDX-License-Identifier: MIT
/*
 * calls.h - which system call is answered by whom.
 */
#ifndef CALLS_H
#define CALLS_H

#include "tracer/tasks.h"

/* Handle a seccomp or system-call stop.  Afterwards the task is to be
   resumed, unless it has a deferred status (task->pending). */
void calls_handle(struct task *task);

#endif
