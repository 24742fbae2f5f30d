// SPDX-License-Identifier: MIT
/*
 * selfcheck.h - do the attachments that emul/ has recorded agree with the
 * kernel's?
 */
#ifndef CALLS_SELFCHECK_H
#define CALLS_SELFCHECK_H

#include "tracer/tasks/tasks.h"

/* Compare with /proc/TID/maps; a difference is a bug of shmtrace and ends the
   run. */
void selfcheck_task(const struct task *task);

#endif
