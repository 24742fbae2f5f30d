// SPDX-License-Identifier: MIT
/*
 * seccomp.h - the program's own seccomp filters and no_new_privs.
 */
#ifndef CALLS_SECCOMP_H
#define CALLS_SECCOMP_H

#include "tracer/tasks/tasks.h"

/* seccomp(2) and prctl(2): put the exemption in front of a filter that the
   program installs, and hide the filter and the no_new_privs that the tracer
   has set. */
void seccomp_handle(struct task *task);
void seccomp_handle_prctl(struct task *task);
/* Does a filter of the program, or strict mode, forbid this call?  Then the
   call has been answered, or the process has been killed. */
bool seccomp_forbids(struct task *task);

#endif
