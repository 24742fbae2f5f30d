// SPDX-License-Identifier: MIT
/*
 * supervise.h - the supervisor: the process that the user started.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <sys/types.h>

#include "tracer/options.h"

/* Pass signals and stops on until the tracer has ended, then end as the program
   did.  Never returns. */
_Noreturn void supervise_run(pid_t program, pid_t tracer,
			     enum orphans_mode orphans);

#endif
