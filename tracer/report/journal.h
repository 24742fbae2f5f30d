// SPDX-License-Identifier: MIT
/*
 * journal.h - what happened, told to the reports that are on.
 *
 * Off, which is usual, it costs one look at config.journal for each call.
 */
#ifndef REPORT_JOURNAL_H
#define REPORT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "tracer/report/call.h"

void journal_set_up(const struct journal_options *options);

/* Bytes of the structure that this call of shmctl is going to read (before
   it is made) or has written (after it succeeded); 0: none. */
size_t journal_buffer_read(const uint64_t args[6]);
size_t journal_buffer_written(const uint64_t args[6]);

/* A call has its answer.  With -k the thread is at a ptrace stop, and its
   registers are the program's own. */
void journal_call(const struct journal_call *call);

#endif
