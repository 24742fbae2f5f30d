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

/* Who sees the emulated /proc/sysvipc/shm and /proc/sys/kernel/shm*: programs
   that are likely to open these files, all programs, no program. */
enum proc_mode { PROC_AUTO, PROC_ON, PROC_OFF };

struct config {
	struct emul *emul;
	uint64_t page_size;	/* bytes */
	uint64_t arena_start;	/* multiples of 4 GiB; the stub page is the */
	uint64_t arena_end;	/* first one; equal: there is no arena */
	uint64_t task_size;	/* end of every address space */

	/* Which calls stop, by what (probe.c; stops/filter.c). */
	bool use_filter;	/* seccomp stops; else PTRACE_SYSCALL's */
	bool use_unotify;	/* shmget and shmctl as user notifications */
	bool stop_opens;	/* also the calls that open files */
	bool hide_no_new_privs; /* also the calls that would show that we set
				   no_new_privs in the program */
	uint64_t cookie;	/* sixth argument of the trigger call; even */
	int listener;		/* of our filter, or -1 */

	bool memory_by_proc;	/* the host refuses process_vm_readv */
	enum proc_mode proc;	/* whose opens of /proc files we answer */
	bool self_check;
	bool debug_stops;	/* a line for each stop */
	bool verbose;
	bool stack_trace;
	pid_t first;		/* the program that was asked for */
};

extern struct config config;

#endif
