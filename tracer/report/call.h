// SPDX-License-Identifier: MIT
/*
 * call.h - a call as the reports hear of it, and what they are to be.
 */
#ifndef REPORT_CALL_H
#define REPORT_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "emul/emul.h"

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
	struct emul_segment about;  /* that the call names, or that it gives */
	bool is_about;
	bool knows_pids;	    /* the caller means by a pid what we do */
	struct timespec start, end; /* CLOCK_REALTIME: stop and answer */
};

/* Bits of journal_options.calls. */
#define JOURNAL_BIT(nr) (1U << (nr))
#define JOURNAL_IPC \
	(JOURNAL_BIT(JOURNAL_SHMGET) | JOURNAL_BIT(JOURNAL_SHMCTL) | \
	 JOURNAL_BIT(JOURNAL_SHMAT) | JOURNAL_BIT(JOURNAL_SHMDT))

/* -t, -tt, -ttt */
enum journal_stamp { STAMP_NONE, STAMP_TIME, STAMP_US, STAMP_UNIX };

/* What the reports are: set up once, before the first call. */
struct journal_options {
	unsigned log;		/* calls that have a line (-e trace) */
	bool no_successful;	/* but those that failed alone (-Z) */
	bool no_failed;		/* but those that succeeded alone (-z) */
	bool stack;		/* and the stack of its caller (-k) */
	unsigned frames;	/* at most so many of it */
	bool to_file;		/* by -o: the lines have another prefix */
	enum journal_stamp stamp;
	bool relative;		/* -r */
	bool durations;		/* -T */
	unsigned decode_ids;	/* -y, -yy */
	bool decode_pids;	/* -Y */
};
/* SHM_STAT and SHM_STAT_ANY take an index, and give the id. */
bool journal_takes_index(const uint64_t args[6]);
/* Bytes of the structure that this call of shmctl is going to read (before
   it is made) or has written (after it succeeded); 0: none. */
size_t journal_buffer_read(const uint64_t args[6]);
size_t journal_buffer_written(const uint64_t args[6]);

#endif
