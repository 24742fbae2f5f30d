// SPDX-License-Identifier: MIT
/*
 * watch.h - a shared-memory call that a report wants to hear of.
 */
#ifndef CALLS_WATCH_H
#define CALLS_WATCH_H

#include "tracer/tasks/tasks.h"

/* Carry the call out, answer it, and enter it into the journal. */
void watch_call(struct task *task, sysret_t (*emulate)(struct task *));

#endif
