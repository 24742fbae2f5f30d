// SPDX-License-Identifier: MIT
/*
 * ended.h - the processes of the run that ended lately, in memory that the
 * tracer shares with the process that the shell knows.
 *
 * Who has sent a signal is known by its pid, and may have ended since.  A pid
 * is not used again before tens of thousands of others: so few are kept that
 * one of them is hardly another's by now.
 */
#ifndef UTIL_ENDED_H
#define UTIL_ENDED_H

#include <stdbool.h>
#include <sys/types.h>

/* Before the tracer is forked; without memory nothing is ever known. */
void ended_init(void);
/* In the tracer: a task of this process is about to end. */
void ended_add(pid_t pid);
/* In the other process. */
bool ended_has(pid_t pid);

#endif
