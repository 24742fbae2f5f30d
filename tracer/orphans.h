// SPDX-License-Identifier: MIT
/*
 * orphans.h - what the first program leaves behind: the processes of a run,
 * seen from the process that the shell knows.
 */
#ifndef ORPHANS_H
#define ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Is the sender of a signal a process of the run?  It may have ended. */
bool orphans_has(pid_t tracer, pid_t pid);

/* Send `sig` and SIGCONT to each process of the run but those of process group
   `except` (0: none), which have the signal.  The tracer must be stopped: then
   no process of the run can act on the signal, end or be reaped before all have
   it.  -1 when /proc cannot be read. */
int orphans_signal(pid_t tracer, int sig, pid_t except);

/* How many processes of the run are left, and the pid of one; -1 when /proc
   cannot be read. */
int orphans_count(pid_t tracer, pid_t *one);

#endif
