// SPDX-License-Identifier: MIT
/*
 * seize.c - PTRACE_SEIZE with the options that every task of a run has, and
 * the requests that take a task in and out of its stops.
 */
#include "tracer/remote/seize.h"

#include <stddef.h>
#include <sys/ptrace.h>

#define OPTIONS                                                               \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | \
	 PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)

int remote_seize(pid_t tid)
{
	return ptrace(PTRACE_SEIZE, tid, NULL, OPTIONS) < 0 ? -1 : 0;
}

int remote_interrupt(pid_t tid)
{
	return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ? -1 : 0;
}

void remote_listen(pid_t tid)
{
	ptrace(PTRACE_LISTEN, tid, NULL, NULL);
}
