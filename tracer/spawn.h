// SPDX-License-Identifier: MIT
/*
 * spawn.h - start the program under the tracer.
 *
 * Three processes: the one that the user started waits for the program and
 * passes signals and stops on (supervise.c); the program is its child, so that
 * its parent sees what happens to it; the tracer is another child, in a
 * session of its own, so that no terminal reaches it.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include <signal.h>
#include <sys/types.h>

#include "tracer/stops/stops.h"

/* What the program tells the tracer before it runs. */
struct spawn_report {
	pid_t pid;
	int filtered;		/* our filter is installed */
	int no_new_privs;	/* and needed that */
};

/* How we found our signals, for the program to find them so too. */
struct spawn_signals {
	sigset_t mask;
	struct sigaction child;
};

/* Let go of the files that the user's shell gave to the program: all but
   stderr, our log and `keep` (-1: none).  Their other ends must not wait for
   us. */
void spawn_drop_files(int keep);

/* In the process to be traced: install the filter, as far as the host
   allows.  Returns the listener's descriptor, or -1. */
int spawn_install(const struct config *conf, struct spawn_report *report);

/* The report, with the listener unless it is -1: 0 or -1. */
int spawn_send_report(int socket, const struct spawn_report *report,
		      int listener);
int spawn_receive_report(int socket, struct spawn_report *report,
			 int *listener);

/* In the program's process: all that comes before the program, which waits
   for the tracer at the other end of `socket`. */
_Noreturn void spawn_program(char **argv, int socket, pid_t tracer,
			     const struct spawn_signals *signals);

/* In the tracer: send the configuration, and wait for the report (with the
   listener, or -1): 0 or -1. */
int spawn_prepare(int socket, struct spawn_report *report, int *listener);
/* Tell the program to go on: 0 or -1. */
int spawn_go(int socket);

#endif
