// SPDX-License-Identifier: MIT
/*
 * fdstore.h - processes of ours that hold the files which the tracer's own
 * table of descriptors has no room for.
 *
 * RLIMIT_NOFILE bounds a process, not how many segments Linux has.  When the
 * table is nearly full a depot is forked, which so has a copy of each
 * descriptor, and the tracer closes its own.
 */
#ifndef STORE_FDSTORE_H
#define STORE_FDSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct fdstore;

/* One that keeps our descriptors n < size for which wanted[n], and none else;
   there is at least one.  NULL: not possible now.  It ends with its last
   file, and with the tracer. */
struct fdstore *fdstore_new(const bool *wanted, size_t size);
/* A copy of the file with that number there: ours to close; or -1. */
int fdstore_fetch(struct fdstore *fdstore, int number);
/* The process that has it, under that number. */
pid_t fdstore_holder(const struct fdstore *fdstore);
/* Give it up.  With its last file the depot is gone. */
void fdstore_drop(struct fdstore *fdstore, int number);

#endif
