// SPDX-License-Identifier: MIT
/*
 * journal.h - what happened, told to the reports that are on.
 *
 * Off, which is usual, it costs one look at config.journal for each call.
 */
#ifndef REPORT_JOURNAL_H
#define REPORT_JOURNAL_H

#include <stdbool.h>

#include "tracer/report/call.h"

void journal_set_up(const struct journal_options *options);

/* Is anyone interested in the segment that a call is about? */
bool journal_wants_segments(void);

/* A call has its answer.  With -k the thread is at a ptrace stop, and its
   registers are the program's own. */
void journal_call(const struct journal_call *call);

#endif
