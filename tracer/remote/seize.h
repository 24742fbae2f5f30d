// SPDX-License-Identifier: MIT
/*
 * seize.h - take a thread under the tracer.
 */
#ifndef REMOTE_SEIZE_H
#define REMOTE_SEIZE_H

#include <sys/ptrace.h>
#include <sys/types.h>

#define PTRACE_ALL_OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | \
	 PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)

/* PTRACE_SEIZE: 0, or -1 with errno.  The thread does not stop. */
int remote_seize(pid_t tid);
/* PTRACE_INTERRUPT: the thread stops with PTRACE_EVENT_STOP; 0, or -1 with
   errno (ESRCH: it is gone). */
int remote_interrupt(pid_t tid);
/* PTRACE_LISTEN: leave the thread in its group stop, until SIGCONT. */
void remote_listen(pid_t tid);

#endif
