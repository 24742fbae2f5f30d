// SPDX-License-Identifier: MIT
/*
 * fork.h - new tasks.
 */
#ifndef CALLS_FORK_H
#define CALLS_FORK_H

#include "tracer/tasks/tasks.h"

/* The program that was asked for; NULL when out of memory. */
struct task *fork_first_program(pid_t tid, struct emul_ns *ns);

/* At the parent's fork event: adopt the child.  Returns it when it was
   waiting for this and must be resumed, else NULL; `expected` is one that has
   its first stop before it, else 0. */
struct task *fork_announced(struct task *parent, pid_t *expected);
/* At the first stop of an announced child. */
void fork_first_stop(struct task *task);

/* At clone, clone3 and fork: CLONE_UNTRACED must not let the child escape,
   and no other thread may change the VMAs before they are copied. */
void fork_begins(struct task *task);
/* At the exit stop after that: put back what was changed. */
void fork_undo(struct task *task);

/* Before a task's exit: children of its process that no thread is left to
   announce. */
void fork_adopt_orphans(struct task *task);

#endif
