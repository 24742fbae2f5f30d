// SPDX-License-Identifier: MIT
/*
 * fdstore.h - processes of ours that hold the files which the tracer's own
 * table of descriptors has no room for, and whatever else must be apart.
 *
 * RLIMIT_NOFILE bounds a process, not how many segments Linux has.  When the
 * table is nearly full an fd store is forked, which so has a copy of each
 * descriptor, and the tracer closes its own.
 *
 * A program with our uid may stop or kill such a process.  The tracer waits
 * for none of them longer than a moment; what a killed one had is lost.
 */
#ifndef STORE_FDSTORE_H
#define STORE_FDSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A child of the tracer that ends with the tracer, and when serve() returns
   (at the latest when the socket is closed here). */
struct store_process {
	pid_t pid;
	int socket;		    /* SOCK_SEQPACKET; here it never blocks */
	struct store_process *next; /* of those that were ended */
};

/* Has our memory, and of our descriptors n < size only those for which
   wanted[n], and the socket.  All signals are blocked.  NULL: not possible
   now. */
struct store_process *store_process_start(const bool *wanted, size_t size,
					  void (*serve)(int socket));
/* Neither stopped nor ended, for all that is known. */
bool store_process_runs(const struct store_process *process);
/* Wait, but 50 ms at most, for events of poll(2) on the socket: are there
   any?  No signal breaks that off. */
bool store_process_await(const struct store_process *process, short events);
/* Kill and forget it. */
void store_process_end(struct store_process *process);

struct fdstore;

/* One that keeps our descriptors n < size for which wanted[n]; there is at
   least one.  NULL: not possible now. */
struct fdstore *fdstore_new(const bool *wanted, size_t size);
/* A copy of the file with that number there: ours to close; or -1. */
int fdstore_fetch(struct fdstore *fdstore, int number);
/* The process that has it, under that number. */
pid_t fdstore_holder(const struct fdstore *fdstore);
/* Give it up.  With its last file the fd store is gone. */
void fdstore_drop(struct fdstore *fdstore, int number);

#endif
