// SPDX-License-Identifier: MIT
/*
 * wait.h - wait statuses of tasks, taken in for the loop.
 */
#ifndef STOPS_WAIT_H
#define STOPS_WAIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "tracer/tasks/tasks.h"

/*
 * Take in (wait_defer) all statuses that are there, so that each task has its
 * turn: the kernel would report the busiest of the first ones for ever.  With
 * `block` wait for one.  False when no task is left.
 *
 * To look at all tasks costs the kernel a walk over them.  Where there are
 * many, only those are looked at that SIGCHLD named or that stopped lately;
 * one whose SIGCHLD was swallowed by another's has to wait for up to a
 * millisecond then, and a microsecond more for each task.
 */
bool wait_take(bool block);

/* A new task that will stop, or has: its SIGCHLD may be the parent's. */
void wait_expect(pid_t tid);

/* Remember a status for the loop.  A newer one takes the place of an older
   one, which it tells to be void (the task was killed). */
void wait_defer(struct task *task, int status);
bool wait_is_deferred(const struct task *task);
bool wait_any_deferred(void);
/* The oldest one, which is taken off; NULL: none. */
struct task *wait_next_deferred(int *status);
/* The task is about to be freed. */
void wait_forget(struct task *task);

/* The task begins to fork: until that is over, other threads of its address
   space do not change the attachments, which the child gets as they are. */
void wait_fork_begins(struct task *task);
/* The fork is over, or its thread is: what waited for it is deferred. */
void wait_fork_over(struct task *task);
/* Must this stop of the task wait for another thread's fork?  Then it comes
   back as a deferred one. */
bool wait_for_fork(struct task *task, int status);

#endif
