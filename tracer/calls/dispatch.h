// SPDX-License-Identifier: MIT
/*
 * dispatch.h - which system call is answered by whom.
 */
#ifndef CALLS_DISPATCH_H
#define CALLS_DISPATCH_H

#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"

/* Handle a seccomp or system-call stop.  Afterwards the task is to be
   resumed, unless it has a deferred status (wait_is_deferred). */
void calls_at_stop(struct task *task);

/* Handle shmat once more, the long way: the short one has failed. */
void calls_redo(struct task *task);

/* At a stop that is no call's: handle the call that asked for it, if any. */
void calls_retry(struct task *task);

/* Handle a call that waits in a user notification. */
void calls_at_unotify(const struct unotify *unotify);

/* At a signal stop: a signal that came before we took the notice has
   interrupted the call, which Linux's never are: it is made again. */
void calls_restart_interrupted(struct task *task);

#endif
