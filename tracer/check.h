// SPDX-License-Identifier: MIT
/*
 * check.h - does our model of a task's attachments agree with the kernel?
 */
#ifndef CHECK_H
#define CHECK_H

#include "tracer/tasks.h"

/* Compare with /proc/TID/maps; a difference is our bug and ends the run. */
void check_task(const struct task *task);

#endif
