// SPDX-License-Identifier: MIT
/*
 * work.h - what the rows of the bench share: time, and how it is reported.
 *
 * A row makes its set-up and hands one operation to work_measure.  Under the
 * floor (under.c) every shared-memory call gives 0 and does nothing: a row
 * with an `f` in its list of columns must live with that.
 */
#ifndef WORK_H
#define WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct work {
	unsigned millis;	/* how long a row measures, about */
	bool least;		/* report the least, not the median */
	unsigned long count;	/* not 0: just so many, for a counter */
	char *self;		/* path of this program */
	char **command;		/* words after the row's name */
};
extern struct work work;

/* A row: `number` is how many of what its name says. */
typedef void row(unsigned number);
row row_shmget, row_create, row_stat, row_attach, row_touch, row_steady;
row row_getppid, row_read, row_open, row_mmap, row_mprotect, row_signal;
row row_fork, row_vfork, row_thread, row_start, row_at_once, row_tasks;
row row_segments, row_attachments, row_segment_memory, row_attach_memory;
row row_limited;

uint64_t work_now(void);	/* ns, CLOCK_MONOTONIC */

/* Report how long one operation takes: the median of several batches.
   `format` names it, with `number` in its place. */
void work_measure(const char *format, unsigned number, void (*op)(void *),
		  void *arg);
/* For rows that measure by themselves: a result in this unit. */
void work_report(const char *format, unsigned number, double value,
		 const char *unit);
/* The median, or the least if that is asked for; sorts them. */
double work_typical(double *values, size_t count);

/* The row cannot be had here, and errno says why. */
_Noreturn void work_fail(const char *what);

/* The process that traces us, or 0. */
pid_t work_tracer(void);

int work_segment(size_t size);		/* a new private one */
void *work_attach(int shmid);
void work_wait(pid_t pid);		/* reap, and it must have ended well */

void op_shmget(void *key);		/* int: look it up */
void op_create(void *unused);		/* create + IPC_RMID */
void op_stat(void *shmid);		/* int: IPC_STAT */
void op_attach(void *shmid);		/* int: attach + detach */
void op_fork(void *unused);		/* fork + exit + wait */

#endif
