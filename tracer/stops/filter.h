// SPDX-License-Identifier: MIT
/*
 * filter.h - the seccomp filters that decide which calls stop.
 */
#ifndef STOPS_FILTER_H
#define STOPS_FILTER_H

#include <stdint.h>

#include "tracer/stops/filter_code.h"
#include "tracer/util/config.h"

#define FILTER_EXEMPTION_ROOM 32

/* Build the tracer's filter, which all tasks of a run have.  Without
   conf->use_filter the filter contains only the trigger call: all other stops
   of that run are those of PTRACE_SYSCALL. */
void filter_build(struct filter *filter, const struct config *conf);

/* Build one more filter, for attachments outside the arena: calls that change
   mappings stop where they touch [start, end), both multiples of the page
   size. */
void filter_build_range(struct filter *filter, uint64_t start, uint64_t end);

/* Build the instructions that seccomp.c puts in front of a filter that the
   program installs: they allow calls that are made from the stub page.
   Returns the number of instructions, at most FILTER_EXEMPTION_ROOM. */
unsigned filter_exemption(struct sock_filter *code, const struct config *conf);

/* Build a filter that allows what strict mode allows (mode1_syscalls,
   kernel/seccomp.c).  The kernel does not let a task that has a filter enter
   strict mode (seccomp_may_assign_mode()). */
void filter_strict(struct filter *filter);

#endif
