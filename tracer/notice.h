// SPDX-License-Identifier: MIT
/*
 * notice.h - seccomp user notifications: calls that wait for our answer
 * without a ptrace stop.
 */
#ifndef NOTICE_H
#define NOTICE_H

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

/* Take the next one that is there: false if it is gone again. */
bool notice_receive(struct notice *notice);
/* The call returns this; a thread that died meanwhile does not mind. */
void notice_answer(uint64_t id, sysret_t result);

/* Keep one that came while we waited for another. */
void notice_defer(const struct notice *notice);
bool notice_deferred(struct notice *notice);

/* Sleep until there is a notice (true) or SIGCHLD came (false). */
bool notice_wait(void);
/* The same without sleeping: is there a notice? */
bool notice_is_there(void);
/* Has SIGCHLD come since this was last asked? */
bool notice_children_came(void);
/* Set up SIGCHLD: it comes in only in notice_wait. */
void notice_set_signals(void);

#endif
