// SPDX-License-Identifier: MIT
/*
 * filter_code.h - a seccomp filter in the tracer's memory, and the data of its
 * answers.
 */
#ifndef STOPS_FILTER_CODE_H
#define STOPS_FILTER_CODE_H

#include <linux/filter.h>

/* The data of SECCOMP_RET_TRACE in the tracer's filter: a stop with other data
   comes from a filter that the program installed. */
#define FILTER_TRACE_DATA 0x5359
/* The data for a call that strict mode forbids (seccomp.c). */
#define FILTER_STRICT_DATA 0x535a

#define FILTER_ROOM 512 /* instructions */

struct filter {
	struct sock_filter code[FILTER_ROOM];
	unsigned short len;
};

#endif
