// SPDX-License-Identifier: MIT
/*
 * exec.h - a new image, in a new address space.
 */
#ifndef CALLS_EXEC_H
#define CALLS_EXEC_H

#include "tracer/tasks/tasks.h"

/* At execve: from now on the kernel can drop the address space, and other tasks
   can see that by a descriptor that is closed on exec, before the exec event
   comes. */
void exec_begins(struct task *task);
/* Before an answer that shows shm_nattch: drop the attachments of tasks whose
   exec has dropped the address space already. */
void exec_settle(void);
/* At PTRACE_EVENT_EXEC: returns the task that has the id from now on. */
struct task *exec_event(struct task *task);

#endif
