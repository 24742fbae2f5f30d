// SPDX-License-Identifier: MIT
/*
 * options.h - what the command line asks for.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* shmtrace's own exit statuses, as env(1) and timeout(1) have them. */
enum {
	EXIT_OWN = 125,		/* shmtrace itself failed */
	EXIT_CANNOT = 126,	/* the program is there, but does not run */
	EXIT_NOTFOUND = 127,	/* no such program */
};

/* Which stops bring the calls to us: seccomp's, or every system call's. */
enum seccomp_mode { SECCOMP_AUTO, SECCOMP_ON, SECCOMP_OFF };

/* Who sees the emulated /proc/sysvipc/shm and /proc/sys/kernel/shm*: those
   that are likely to look, everyone, no one. */
enum proc_mode { PROC_AUTO, PROC_ON, PROC_OFF };

/* A limit of the first namespace; Linux's default unless it is set. */
struct option_limit {
	bool is_set;
	uint64_t value;
};

struct options {
	enum seccomp_mode seccomp;
	enum proc_mode proc;
	bool self_check;	/* compare the model with /proc/PID/maps */
	bool verbose;		/* a line per shared-memory call */
	bool stack_trace;	/* and the stack of the caller */
	const char *output;	/* where messages go; NULL: stderr */
	struct option_limit shmmax;	/* bytes */
	struct option_limit shmall;	/* pages */
	struct option_limit shmmni;	/* 0..32768 segments */
	struct option_limit shmseg;	/* attaches per address space */
	char **argv;		/* the program and its arguments */
};

/*
 * Fill in *out from main's arguments, which it goes on to point into.
 * Exits: 0 after --help or --version, EXIT_OWN after one line about what
 * cannot be used.
 */
void options_parse(int argc, char **argv, struct options *out);

#endif
