// SPDX-License-Identifier: MIT
/*
 * filter.h - the seccomp filters that decide which calls stop.
 */
#ifndef STOPS_FILTER_H
#define STOPS_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

#include "tracer/util/config.h"

/* The data of SECCOMP_RET_TRACE in the tracer's filter: a stop with other data
   comes from a filter that the program installed. */
#define FILTER_TRACE_DATA 0x5359
/* The data for a call that strict mode forbids (seccomp.c). */
#define FILTER_STRICT_DATA 0x535a

#define FILTER_ROOM 512		/* instructions */
#define FILTER_EXEMPTION_ROOM 32

struct filter {
	struct sock_filter code[FILTER_ROOM];
	unsigned short len;
};

/* Build the tracer's filter, which all tasks of a run have.  Without
   conf->use_filter the filter contains only the trigger call: all other stops
   of that run are those of PTRACE_SYSCALL. */
void filter_build(struct filter *filter, const struct config *conf);

/* Build the instructions that seccomp.c puts in front of a filter that the
   program installs: they allow calls that are made from the stub page.
   Returns the number of instructions, at most FILTER_EXEMPTION_ROOM. */
unsigned filter_exemption(struct sock_filter *code, const struct config *conf);

/* Build a filter that allows what strict mode allows (mode1_syscalls,
   kernel/seccomp.c).  The kernel does not let a task that has a filter enter
   strict mode (seccomp_may_assign_mode()). */
void filter_strict(struct filter *filter);

#endif
