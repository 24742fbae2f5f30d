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

struct notice {
	uint64_t id;
	pid_t tid;
	int64_t nr;
	uint64_t args[6];
};

/* Do we get at its notices at all? */
bool notice_works(int listener);

/* Can this listener wake us on the program's own CPU (Linux 6.6)?  Without
   that a notification is dearer than a stop.  Turns it on. */
bool notice_is_cheap(int listener);

/* The call returns this; a thread that died meanwhile does not mind. */
void notice_answer(uint64_t id, sysret_t result);

/* Keep one that came while we waited for another. */
void notice_defer(const struct notice *notice);
bool notice_deferred(struct notice *notice);

/* Set up SIGCHLD: it is let in only while one of these sleeps, and after
   notice_next until it is kept out again.  Then calls that it may break off
   are restarted, or must be ready for EINTR. */
void notice_set_signals(void);
void notice_keep_children_out(void);
/* Has SIGCHLD come since this was last asked?  When it is kept out: up to
   then. */
bool notice_children_came(void);

/* Which tasks sent it, as far as known; the next of them.  Lost are some when
   there were too many, and when NOTICE_TIMER, which is let in with SIGCHLD,
   says that one may have been swallowed.  Only while it is kept out. */
#define NOTICE_TIMER SIGVTALRM
bool notice_hint(pid_t *tid);
bool notice_hints_lost(void);
void notice_forget_hints(void);

/* Sleep until there is a notice (true: it is taken) or SIGCHLD came since this
   last said so (false; now and then without a reason).  Ends run.notices when
   no task is left that could send one. */
bool notice_next(struct notice *notice);
/* The same without sleeping: take a notice that is there. */
bool notice_poll(struct notice *notice);
/* Sleep until SIGCHLD came since this or notice_next last said so. */
void notice_wait_children(void);

#endif
