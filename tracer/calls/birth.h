// SPDX-License-Identifier: MIT
/*
 * birth.h - new tasks, new images, and the end of tasks.
 */
#ifndef CALLS_BIRTH_H
#define CALLS_BIRTH_H

#include "tracer/tasks/task.h"

/* The program that was asked for; NULL when out of memory. */
struct task *fork_first_program(pid_t tid, struct emul_ns *ns);

/* At the parent's fork event: adopt the child.  Returns it when it was
   waiting for this and must be resumed, else NULL; `expected` is one that has
   its first stop before it, else 0. */
struct task *fork_announced(struct task *parent, pid_t *expected);
/* At the first stop of an announced child. */
void fork_first_stop(struct task *task);

/* At clone, clone3 and fork: CLONE_UNTRACED must not let the child escape,
   and no other thread may change the pieces before they are copied. */
void fork_begins(struct task *task);
/* At the exit stop after that: put back what was changed. */
void fork_undo(struct task *task);

/* At execve: the address space can be gone, and others can see that by a
   closed descriptor, before the exec event comes. */
void exec_begins(struct task *task);
/* Before an answer that shows nattch: account for such execs. */
void exec_settle(void);

/* Before a task's exit: children of its process that no thread is left to
   announce. */
void fork_adopt_orphans(struct task *task);

/* Stops of STOP_EXEC, STOP_EXIT and STOP_DEAD.  exec_event returns the task
   as it is called from now on. */
struct task *exec_event(struct task *task);
void exit_event(struct task *task);
/* Before exit_dead: threads of a dead leader whose own end was missed. */
void exit_reap_missed(struct task *task);
void exit_dead(struct task *task);

#endif
