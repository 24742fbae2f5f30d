// SPDX-License-Identifier: MIT
/*
 * guard.h - the program's own seccomp filters and no_new_privs.
 */
#ifndef GUARD_H
#define GUARD_H

#include "tracer/tasks.h"

/* seccomp(2) and prctl(2): a filter of the program's own gets our exemption
   in front; it does not see what we set. */
void guard_seccomp(struct task *task);
void guard_prctl(struct task *task);
/* A seccomp stop that is none of ours: the program's filter said TRACE, and
   without a tracer that is ENOSYS. */
void guard_stray_trace(struct task *task);

#endif
