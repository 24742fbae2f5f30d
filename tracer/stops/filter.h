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

/* The data of our SECCOMP_RET_TRACE: a stop with other data comes from a
   filter of the program's own. */
#define FILTER_TRACE_DATA 0x5359
/* The data for what strict mode forbids (seccomp.c). */
#define FILTER_STRICT_DATA 0x535a

#define FILTER_ROOM 512		/* instructions */
#define FILTER_EXEMPTION_ROOM 32

struct filter {
	struct sock_filter code[FILTER_ROOM];
	unsigned short len;
};

/* Ours, for the whole tree.  Without use_filter: only the trigger call, for a
   run whose other stops are PTRACE_SYSCALL's. */
void filter_build(struct filter *filter, const struct config *conf);

/* What goes in front of a filter of the program's own: calls made from our
   stub page are allowed.  Returns the number of instructions, at most
   FILTER_EXEMPTION_ROOM. */
unsigned filter_exemption(struct sock_filter *code, const struct config *conf);

/* What strict mode allows (mode1_syscalls, kernel/seccomp.c): the kernel does
   not enter it any more once there is a filter. */
void filter_strict(struct filter *filter);

#endif
