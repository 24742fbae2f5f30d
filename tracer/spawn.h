// SPDX-License-Identifier: MIT
/*
 * spawn.h - start the program under the tracer.
 *
 * Three processes.  The supervisor, which the user started, waits for the
 * program and passes signals and stops on (supervise.c).  The program is a
 * child of the supervisor, so that the supervisor can wait for it.  The tracer
 * is another child, in a session of its own, so that no terminal's signal
 * reaches it.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <signal.h>
#include <sys/types.h>

#include "tracer/stops/stops.h"

/* What the program's process tells the tracer before execve(). */
struct spawn_report {
	pid_t pid;
	int filtered;	  /* the tracer's filter is installed */
	int no_new_privs; /* no_new_privs was set to install it */
};

/* The signal mask and the action of SIGCHLD that shmtrace was started with, for
   the program. */
struct spawn_signals {
	sigset_t mask;
	struct sigaction child;
};

/* Close all files but stderr, the log and `keep` (-1: none).  The shell opened
   them for the program: a reader of a pipe must see its end when the program
   closes it. */
void spawn_drop_files(int keep);

/* In the process to be traced: install the filter; report->filtered says
   whether the host allows it.  Returns the listener's descriptor, or -1. */
int spawn_install(const struct config *conf, struct spawn_report *report);

/* Send or receive the report, with the listener unless it is -1: 0 or -1. */
int spawn_send_report(int socket, const struct spawn_report *report,
		      int listener);
int spawn_receive_report(int socket, struct spawn_report *report,
			 int *listener);

/* In the program's process: install the filter, wait for the tracer, which has
   the other end of `socket`, and execute the program. */
_Noreturn void spawn_program(char **argv, int socket, pid_t tracer,
			     const struct spawn_signals *signals);

/* In the tracer: send the configuration, and wait for the report (with the
   listener, or -1): 0 or -1. */
int spawn_prepare(int socket, struct spawn_report *report, int *listener);
/* In the tracer: let the program's process go on to execve(): 0 or -1. */
int spawn_go(int socket);

#endif
