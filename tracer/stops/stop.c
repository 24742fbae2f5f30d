// SPDX-License-Identifier: MIT
/*
 * stop.c - the only reader of wait-status bits of traced tasks.
 */
#include "tracer/stops/stop.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static enum stop event_stop(int signal)
{
	switch (signal) {
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return STOP_GROUP;
	default:
		return STOP_EVENT_STOP;
	}
}

enum stop stop_classify(int status, int *signal)
{
	*signal = 0;
	if (!WIFSTOPPED(status))
		return STOP_DEAD;
	*signal = WSTOPSIG(status);
	if (*signal == (SIGTRAP | 0x80))
		return STOP_SYSCALL;
	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		return STOP_SECCOMP;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		return STOP_FORK;
	case PTRACE_EVENT_EXEC:
		return STOP_EXEC;
	case PTRACE_EVENT_EXIT:
		return STOP_EXIT;
	case PTRACE_EVENT_STOP:
		return event_stop(*signal);
	default:
		return STOP_SIGNAL;
	}
}

const char *stop_name(enum stop stop)
{
	static const char *const names[] = {
		[STOP_DEAD] = "dead",	    [STOP_SECCOMP] = "seccomp",
		[STOP_SYSCALL] = "syscall", [STOP_FORK] = "fork",
		[STOP_EXEC] = "exec",	    [STOP_EXIT] = "exit",
		[STOP_GROUP] = "group",	    [STOP_EVENT_STOP] = "event",
		[STOP_SIGNAL] = "signal",
	};

	return names[stop];
}
