// SPDX-License-Identifier: MIT
/*
 * unotify.h - seccomp user notifications: calls that wait for our answer
 * without a ptrace stop.
 */
#ifndef STOPS_UNOTIFY_H
#define STOPS_UNOTIFY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "emul/emul.h"

struct unotify {
	uint64_t id;
	pid_t tid;
	int64_t nr;
	uint64_t args[6];
};

/* Do shmget and shmctl come as notifications, and is a task left that could
   send one? */
bool unotify_can_come(void);

/* Do we get at its notices at all? */
bool unotify_works(int listener);

/* Can this listener wake us on the program's own CPU (Linux 6.6)?  Without
   that a notification is dearer than a stop.  Turns it on. */
bool unotify_is_cheap(int listener);

/* The call returns this; a thread that died meanwhile does not mind. */
void unotify_answer(uint64_t id, sysret_t result);

/* Keep one that came while we waited for another. */
void unotify_defer(const struct unotify *unotify);
bool unotify_deferred(struct unotify *unotify);

/* Set up SIGCHLD: it is let in only while one of these sleeps, and after
   unotify_next until it is kept out again.  Then calls that it may break off
   are restarted, or must be ready for EINTR. */
void unotify_set_signals(void);
void unotify_block_sigchld(void);
/* Has SIGCHLD come since this was last asked?  When it is kept out: up to
   then. */
bool unotify_sigchld_came(void);

/* Which tasks sent it, as far as known; the next of them.  Lost are some when
   there were too many, and when UNOTIFY_TIMER, which is let in with SIGCHLD,
   says that one may have been swallowed.  Only while it is kept out. */
#define UNOTIFY_TIMER SIGVTALRM
bool unotify_hint(pid_t *tid);
bool unotify_hints_lost(void);
void unotify_forget_hints(void);

/* Sleep until there is a notice (true: it is taken) or SIGCHLD came since this
   last said so (false; now and then without a reason).  From then on
   unotify_can_come() is false when
   no task is left that could send one. */
bool unotify_next(struct unotify *unotify);
/* The same without sleeping: take a notice that is there. */
bool unotify_poll(struct unotify *unotify);
/* Sleep until SIGCHLD came since this or unotify_next last said so. */
void unotify_wait_sigchld(void);

#endif
