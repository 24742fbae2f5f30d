// SPDX-License-Identifier: MIT
/*
 * exit.h - the exit statuses of shmtrace itself, the same as those of env(1)
 * and timeout(1).
 */
#ifndef UTIL_EXIT_H
#define UTIL_EXIT_H

enum {
	EXIT_OWN = 125,		/* shmtrace itself failed */
	EXIT_CANNOT = 126,	/* the program is there, but does not run */
	EXIT_NOTFOUND = 127,	/* no such program */
};

#endif
