// SPDX-License-Identifier: MIT
/*
 * seize.c - PTRACE_SEIZE with the options that every task of a run has,
 * PTRACE_INTERRUPT and PTRACE_LISTEN.
 */
#include "tracer/remote/seize.h"

#include <stddef.h>

int remote_seize(pid_t tid)
{
	return ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_ALL_OPTIONS) < 0 ? -1 : 0;
}

int remote_interrupt(pid_t tid)
{
	return ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ? -1 : 0;
}

void remote_listen(pid_t tid)
{
	ptrace(PTRACE_LISTEN, tid, NULL, NULL);
}
