// SPDX-License-Identifier: MIT
/*
 * front.h - the process that the user started and the shell knows.
 */
#ifndef FRONT_H
#define FRONT_H

#include <sys/types.h>

/* Stand in for the program until the tracer has ended, then end as the
   program did.  Never returns. */
_Noreturn void front_run(pid_t program, pid_t tracer);

#endif
