// SPDX-License-Identifier: MIT
/*
 * config.h - what is fixed for one run of shmtrace: decided before the program
 * starts, and not changed after that.
 */
#ifndef UTIL_CONFIG_H
#define UTIL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct emul;

/* Which programs see the emulated /proc/sysvipc/shm and /proc/sys/kernel/shm*:
   programs that are likely to open these files, all programs, no program. */
enum proc_mode { PROC_AUTO, PROC_ON, PROC_OFF };

struct config {
	struct emul *emul;
	uint64_t page_size;	/* bytes */
	uint64_t arena_start;	/* multiples of 4 GiB; the stub has the first */
	uint64_t arena_end;	/* two pages; equal: there is no arena */
	uint64_t task_size;	/* end of every program's address space */

	/* Which calls stop, and by which means (probe.c; stops/filter.c). */
	bool use_filter;	/* seccomp stops; else plain mode */
	bool use_unotify;	/* shmget and shmctl as user notifications */
	bool stop_opens;	/* the calls that open files stop too */
	bool stop_write_opens;	/* those of them that open for writing do */
	bool hide_no_new_privs; /* the tracer set no_new_privs in the program:
				   the calls that would show it stop too */
	uint64_t cookie;	/* sixth argument of the trigger call; even */
	int listener;		/* of the tracer's filter, or -1 */

	bool memory_by_proc;	/* the host refuses process_vm_readv */
	enum proc_mode proc;	/* which programs see emulated /proc files */
	bool self_check;
	bool debug_stops;	/* a line for each stop */
	bool journal;		/* a report wants to hear of each call */
	pid_t first;		/* the program on the command line */
};

extern struct config config;

#endif
