// SPDX-License-Identifier: MIT
/*
 * stop.h - what a wait status means, named once.
 */
#ifndef STOPS_STOP_H
#define STOPS_STOP_H

/* Each value says what the loop must do next. */
enum stop {
	STOP_DEAD,	 /* exited or killed, and reaped: free the task */
	STOP_SECCOMP,	 /* a filter returned SECCOMP_RET_TRACE: answer */
	STOP_SYSCALL,	 /* entry or exit of a call, under PTRACE_SYSCALL:
			    PTRACE_GET_SYSCALL_INFO says which */
	STOP_FORK,	 /* the event message has the new task's id: announce
			    the new task */
	STOP_EXEC,	 /* the event message has the former thread id: give
			    the task a new address space */
	STOP_EXIT,	 /* the task is about to release its memory: drop its
			    attachments */
	STOP_GROUP,	 /* job control stopped the task: PTRACE_LISTEN */
	STOP_EVENT_STOP, /* PTRACE_EVENT_STOP that is no group stop: a new
			    task's first stop, PTRACE_INTERRUPT, or SIGCONT:
			    resume */
	STOP_SIGNAL,	 /* a signal is about to be delivered: deliver it */
};

/* Pure.  `signal` receives the signal of STOP_SIGNAL and STOP_GROUP. */
enum stop stop_classify(int status, int *signal);

/* "seccomp", ...: for --debug=stops. */
const char *stop_name(enum stop stop);

#endif
