// SPDX-License-Identifier: MIT
/*
 * exec.h - a new image, in a new address space.
 */
#ifndef CALLS_EXEC_H
#define CALLS_EXEC_H

#include "tracer/tasks/tasks.h"

/* At execve: the address space can be gone, and others can see that by a
   closed descriptor, before the exec event comes. */
void exec_begins(struct task *task);
/* Before an answer that shows nattch: account for such execs. */
void exec_settle(void);
/* At PTRACE_EVENT_EXEC: returns the task as it is called from now on. */
struct task *exec_event(struct task *task);

#endif
