// SPDX-License-Identifier: MIT
/*
 * mm.h - the calls that change an address space, if their range touches an
 * attachment or the stub.
 */
#ifndef CALLS_MM_H
#define CALLS_MM_H

#include "tracer/tasks/tasks.h"

/* Handle such a call; false if the call is none. */
bool mm_handle(struct task *task);
/* After a call: a program that unmaps everything unmaps the stub too. */
void mm_watch_stub(struct task *task, const struct emul_mmcall *call,
		   sysret_t result);
/* At its exit stop: tell emul/ what a call did that nobody has waited for. */
void mm_at_exit(struct task *task);
/* Can the call `nr` be such a call? */
bool mm_knows(int64_t nr);

#endif
