// SPDX-License-Identifier: MIT
/*
 * stub.h - our page of code in the program, the first of the arena, and its
 * page of data, the second.
 */
#ifndef REMOTE_STUB_H
#define REMOTE_STUB_H

#include "tracer/tasks/tasks.h"

/* Make sure that the stub is mapped: the address of its code, or 0. */
uint64_t remote_stub(struct task *task);
/* Where its data page is. */
uint64_t remote_stub_data(void);

#endif
