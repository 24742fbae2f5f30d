// SPDX-License-Identifier: MIT
/*
 * config.h - what is fixed for one run of shmtrace, decided before the program
 * starts.
 */
#ifndef UTIL_CONFIG_H
#define UTIL_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "emul/emul.h"

/* Who sees the emulated /proc/sysvipc/shm and /proc/sys/kernel/shm*: programs
   that are likely to open these files, all programs, no program. */
enum proc_mode { PROC_AUTO, PROC_ON, PROC_OFF };

struct run {
	struct emul *emul;
	uint64_t page_size;	/* bytes */
	uint64_t arena_start;	/* multiples of 4 GiB; the stub page is the */
	uint64_t arena_end;	/* first one */
	uint64_t task_size;	/* end of every address space */
	bool filtered;		/* seccomp stops; else plain ones */
	int listener;		/* of our filter, or -1 */
	bool notices;		/* value-only calls come as notifications */
	uint64_t cookie;	/* sixth argument of our carrier call; even */
	bool memory_by_proc;	/* the host refuses process_vm_readv */
	bool no_new_privs;	/* we set it in the program: it may not see */
	enum proc_mode proc;	/* whose opens of /proc files we answer */
	bool self_check;
	bool verbose;
	bool stack_trace;
	pid_t first;		/* the program that was asked for */
};

extern struct run run;

#endif
