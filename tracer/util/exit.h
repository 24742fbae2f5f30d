// SPDX-License-Identifier: MIT
/*
 * exit.h - shmtrace's own exit statuses, as env(1) and timeout(1) have them.
 */
#ifndef UTIL_EXIT_H
#define UTIL_EXIT_H

enum {
	EXIT_OWN = 125,		/* shmtrace itself failed */
	EXIT_CANNOT = 126,	/* the program is there, but does not run */
	EXIT_NOTFOUND = 127,	/* no such program */
};

#endif
