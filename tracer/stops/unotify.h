// SPDX-License-Identifier: MIT
/*
 * unotify.h - seccomp user notifications: calls that wait for the
 * tracer's answer without a ptrace stop.
 */
#ifndef STOPS_UNOTIFY_H
#define STOPS_UNOTIFY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "emul/emul.h"

struct unotify {
	uint64_t id;		/* the kernel's; the answer names it */
	pid_t tid;
	int64_t nr;
	uint64_t args[6];
};

/* Do shmget and shmctl come as notifications, and is a task left that could
   send one? */
bool unotify_can_come(void);

/* Does this listener work?  A host can refuse its ioctl()s. */
bool unotify_works(int listener);

/* Can this listener wake the tracer on the program's CPU (Linux 6.6)?  Without
   that a notification costs more than a stop.  Turns it on. */
bool unotify_is_cheap(int listener);

/* Make the call that waits return `result` (a value or -errno).  No error if
   the thread died meanwhile. */
void unotify_answer(uint64_t id, sysret_t result);

/* Queue a notification that came while the tracer waited for something else.
   If memory is out, the call is answered with -ENOMEM. */
void unotify_defer(const struct unotify *unotify);
/* Take the oldest queued notification; false: there is none. */
bool unotify_deferred(struct unotify *unotify);

/* Set up the handlers of SIGCHLD and UNOTIFY_TIMER, and block both signals.
   They are unblocked only inside unotify_next() and unotify_wait_sigchld(),
   and after unotify_next() until unotify_block_sigchld().  Between the last
   two, SA_RESTART restarts a system call that they interrupt; every slow
   system call that the kernel does not restart can fail with EINTR. */
void unotify_set_signals(void);
void unotify_block_sigchld(void);
/* Has a SIGCHLD been delivered since this function was last called? */
bool unotify_sigchld_came(void);

/*
 * Hints: the ids of the tasks that sent SIGCHLD (si_pid).  Use these functions
 * only while SIGCHLD is blocked.
 *
 * Some hints are lost when more than 16 came, and when UNOTIFY_TIMER came:
 * wait.c sets that timer because SIGCHLD does not queue, so that the kernel
 * may have dropped one.
 */
#define UNOTIFY_TIMER SIGVTALRM
/* Take one hint; false: there is none. */
bool unotify_hint(pid_t *tid);
bool unotify_hints_lost(void);
void unotify_forget_hints(void);

/* Sleep until a notification comes (true: it is taken) or SIGCHLD has come
   since the last time that this function returned false (false; sometimes
   without any reason).  When it finds that no task is left that could send a
   notification, unotify_can_come() is false from then on. */
bool unotify_next(struct unotify *unotify);
/* Take a notification that is there, without sleeping; false: none. */
bool unotify_poll(struct unotify *unotify);
/* Sleep until SIGCHLD has come since the last return for a SIGCHLD, of this
   function or of unotify_next(). */
void unotify_wait_sigchld(void);

#endif
