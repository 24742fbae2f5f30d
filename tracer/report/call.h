// SPDX-License-Identifier: MIT
/*
 * call.h - a call as the reports hear of it, and what they are to be.
 */
#ifndef REPORT_CALL_H
#define REPORT_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum journal_nr {
	JOURNAL_SHMGET,
	JOURNAL_SHMCTL,
	JOURNAL_SHMAT,
	JOURNAL_SHMDT,
};

/* The largest structure of shmctl, struct shmid64_ds, as 64-bit words. */
enum { JOURNAL_BUFFER_WORDS = 14 };

/* A call that was answered. */
struct journal_call {
	pid_t tid;
	enum journal_nr nr;
	uint64_t args[6];
	int64_t result;	 /* a value, -errno, or SYSRET_GONE */
	bool has_buffer; /* the third argument of shmctl pointed to: */
	uint64_t buffer[JOURNAL_BUFFER_WORDS];
};

/* What the reports are: set up once, before the first call. */
struct journal_options {
	bool log;     /* a line for each call (-v) */
	bool stack;   /* and the stack of its caller (-k) */
	bool to_file; /* by -o: the lines have strace's other prefix */
};

#endif
