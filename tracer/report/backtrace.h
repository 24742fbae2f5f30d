// SPDX-License-Identifier: MIT
/*
 * backtrace.h - the stack of a stopped thread.
 */
#ifndef REPORT_BACKTRACE_H
#define REPORT_BACKTRACE_H

#include <sys/types.h>

/* Prints a line per frame, innermost first, no more than `limit`, where
   messages go.  The thread must be in a ptrace stop. */
void backtrace_print(pid_t tid, unsigned limit);

#endif
