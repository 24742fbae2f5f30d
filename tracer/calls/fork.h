// SPDX-License-Identifier: MIT
/*
 * fork.h - new tasks.
 */
#ifndef CALLS_FORK_H
#define CALLS_FORK_H

#include "tracer/tasks/tasks.h"

/* The task of the program on the command line; NULL when out of memory. */
struct task *fork_first_program(pid_t tid, struct emul_ns *ns);

/* At the parent's fork event: announce the child.  Returns the child when it is
   at its first stop already and must be resumed, else NULL.  *expected receives
   the id of a child whose first stop is still to come, else 0. */
struct task *fork_announced(struct task *parent, pid_t *expected);
/* At the first stop of an announced child. */
void fork_first_stop(struct task *task);

/* At clone, clone3 and fork: remove CLONE_UNTRACED, so that the child is
   traced; and let no other thread change the attachments before emul/ has
   copied them. */
void fork_begins(struct task *task);
/* At the exit stop of that call: put the flags and registers back. */
void fork_undo(struct task *task);

/* Before a task's exit: announce the children of its process, if no other
   thread is left that could do it. */
void fork_adopt_orphans(struct task *task);

#endif
