// SPDX-License-Identifier: MIT
/*
 * mm.h - the calls that change an address space, where they touch an
 * attachment or our stub page.
 */
#ifndef CALLS_MM_H
#define CALLS_MM_H

#include "tracer/tasks/tasks.h"

/* True if the call is one of them and has been dealt with. */
bool mm_handle(struct task *task);
/* An attachment outside the arena: from now on every such call stops. */
void mm_watch_outside(struct task *task);

#endif
