// SPDX-License-Identifier: MIT
/*
 * options.h - the options of the command line.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/report/report.h"
#include "tracer/util/config.h"

/* How calls stop: by the seccomp filter, or at every call (plain mode). */
enum seccomp_mode { SECCOMP_AUTO, SECCOMP_ON, SECCOMP_OFF };

/* What becomes of the processes that the program leaves behind. */
enum orphans_mode { ORPHANS_WAIT, ORPHANS_KILL };

/* A limit of the first namespace; Linux's default unless it is set. */
struct option_limit {
	bool is_set;
	uint64_t value;
};

struct options {
	enum seccomp_mode seccomp;
	enum proc_mode proc;
	bool self_check;	/* compare the model with /proc/PID/maps */
	bool debug_stops;	/* a line per stop, to debug shmtrace */
	struct journal_options journal;
	bool trace_given;	/* what has a line was said */
	bool quiet;		/* no warnings */
	const char *output;	/* where messages go; NULL: stderr */
	bool append;		/* to what is there already */
	enum orphans_mode orphans;
	struct option_limit shmmax;	/* bytes */
	struct option_limit shmall;	/* pages */
	struct option_limit shmmni;	/* 0..32768 segments */
	struct option_limit shmseg;	/* attaches per address space */
	char **argv;		/* the program and its arguments */
};

/*
 * Fill in *out from SHMTRACE_OPTIONS and then main's arguments, which it goes
 * on to point into.
 * Exits: 0 after --help or --version, EXIT_OWN after one line about what
 * cannot be used.
 */
void options_parse(int argc, char **argv, struct options *out);

#endif
