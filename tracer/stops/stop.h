// SPDX-License-Identifier: MIT
/*
 * stop.h - what a wait status means, named once.
 */
#ifndef STOPS_STOP_H
#define STOPS_STOP_H

/* Each value says what the loop must do next. */
enum stop {
	STOP_DEAD,	 /* exited or killed, reaped: forget the task */
	STOP_SECCOMP,	 /* our filter (or the program's) said TRACE: answer */
	STOP_SYSCALL,	 /* entry or exit in plain mode: ask the kernel which */
	STOP_FORK,	 /* new task, id in the event message: adopt it */
	STOP_EXEC,	 /* new image, former tid in the message: new space */
	STOP_EXIT,	 /* about to release its memory: account for it */
	STOP_GROUP,	 /* stopped by job control: leave it there, listen */
	STOP_EVENT_STOP, /* PTRACE_EVENT_STOP that is no group stop: a new
		    task's first stop, or SIGCONT: resume */
	STOP_SIGNAL,	 /* a signal is about to be delivered: deliver it */
};

/* Pure.  `signal` receives the signal of STOP_SIGNAL and STOP_GROUP. */
enum stop stop_classify(int status, int *signal);

/* "seccomp", ... for messages. */
const char *stop_name(enum stop stop);

#endif
