// SPDX-License-Identifier: MIT
/*
 * supervise.h - the process that the user started and the shell knows.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <sys/types.h>

/* Stand in for the program until the tracer has ended, then end as the
   program did.  Never returns. */
_Noreturn void supervise_run(pid_t program, pid_t tracer);

#endif
