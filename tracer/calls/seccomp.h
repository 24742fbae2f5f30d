// SPDX-License-Identifier: MIT
/*
 * seccomp.h - the program's own seccomp filters and no_new_privs.
 */
#ifndef CALLS_SECCOMP_H
#define CALLS_SECCOMP_H

#include "tracer/tasks/tasks.h"

/* seccomp(2) and prctl(2): a filter of the program's own gets our exemption
   in front; it does not see what we set. */
void seccomp_handle(struct task *task);
void seccomp_handle_prctl(struct task *task);
/* Is this stop the verdict of a filter of the program's own, or against
   strict mode?  Then it has been dealt with. */
bool seccomp_forbids(struct task *task);

#endif
