// SPDX-License-Identifier: MIT
/*
 * dispatch.h - calls the handler of each system call.
 */
#ifndef CALLS_DISPATCH_H
#define CALLS_DISPATCH_H

#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"

/* Handle a seccomp or system-call stop.  Afterwards the task is to be
   resumed, unless it has a deferred status (wait_is_deferred). */
void calls_at_stop(struct task *task);

/* At a seccomp or system-call stop: must it wait for another thread of the
   address space (wait_for_fork)? */
bool calls_must_wait(struct task *task);

/* The fast path of shmat() has failed: handle the call again, without the fast
   path. */
void calls_redo(struct task *task);

/* At the PTRACE_EVENT_STOP of CALL_RETRY_AT_STOP: handle the call again whose
   notification was answered with -ERESTARTNOINTR. */
void calls_retry(struct task *task);

/* Handle a call that waits in a user notification. */
void calls_at_unotify(const struct unotify *unotify);

/* At a signal-delivery stop.  A signal that comes before NOTIF_RECV has taken
   the notification interrupts shmget() or shmctl() with -ERESTARTSYS, so that a
   handler without SA_RESTART would see EINTR.  On Linux these calls are never
   interrupted: so the registers are set to make the call again. */
void calls_restart_interrupted(struct task *task);

#endif
