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
 * Take in (wait_defer) all statuses that waitpid() has.  With `block` wait for
 * one.  False when no task is left.
 *
 * All of them, so that each task has its turn: waitpid(-1) walks the tasks from
 * the first one on, and would report a busy one of the first for ever.
 *
 * With more than 64 tasks, waitpid() is asked only for those that SIGCHLD named
 * or that stopped lately.  SIGCHLD does not queue: a task whose SIGCHLD the
 * kernel dropped waits for a timer, up to a millisecond and a microsecond more
 * for each task.
 */
bool wait_take(bool block);

/* The new task `tid` will stop, or has stopped already.  Its SIGCHLD may have
   been dropped because the parent's was pending: expect it without one. */
void wait_expect(pid_t tid);

/* Queue a status for the loop.  A newer status of the same task replaces an
   older one: only a task that was killed leaves a stop by itself. */
void wait_defer(struct task *task, int status);
bool wait_is_deferred(const struct task *task);
bool wait_any_deferred(void);
/* Take the oldest queued status and return its task; NULL: there is none. */
struct task *wait_next_deferred(int *status);
/* Drop the queued status of a task that is about to be freed. */
void wait_forget(struct task *task);

/* The task begins to fork.  Until wait_fork_over(), stops of other threads of
   its address space are deferred (wait_for_fork), so that nothing changes the
   attachments before emul/ copies them for the child.  The same for a call that
   changes attachments and may take long. */
void wait_fork_begins(struct task *task);
/* The fork is over, or the thread that made it has ended: queue the stops that
   waited for it. */
void wait_fork_over(struct task *task);
/* Is another thread of its address space between wait_fork_begins() and
   wait_fork_over()? */
bool wait_is_forking(const struct task *task);
/* Defer this stop of the task: wait_fork_over() will queue the status. */
void wait_for_fork(struct task *task, int status);

#endif
