// SPDX-License-Identifier: MIT
/*
 * stub.h - the tracer's page of code in the program, the first of the arena,
 * and its page of data, the second.
 */
#ifndef REMOTE_STUB_H
#define REMOTE_STUB_H

#include "tracer/tasks/tasks.h"

/* Map the stub unless it is mapped: the address of its code, or 0 when it
   cannot be mapped. */
uint64_t remote_stub(struct task *task);
/* The address of the stub's data page. */
uint64_t remote_stub_data(void);

#endif
