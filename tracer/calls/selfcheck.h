// SPDX-License-Identifier: MIT
/*
 * selfcheck.h - does our model of a task's attachments agree with the kernel?
 */
#ifndef CALLS_SELFCHECK_H
#define CALLS_SELFCHECK_H

#include "tracer/tasks/tasks.h"

/* Compare with /proc/TID/maps; a difference is our bug and ends the run. */
void selfcheck_task(const struct task *task);

#endif
