// SPDX-License-Identifier: MIT
/*
 * outside.h - attachments outside the arena, which the filter of the run does
 * not know: one more filter for their addresses.
 */
#ifndef CALLS_OUTSIDE_H
#define CALLS_OUTSIDE_H

#include "tracer/tasks/tasks.h"

/* Before the answer to a call that can have put an attachment there: from now
   on the calls that touch it stop, in every thread of the address space. */
void outside_watch(struct task *task);
/* At the entry stop of a thread that stops at every call for that reason.
   True: it has its filter now, and makes its call again. */
bool outside_catch_up(struct task *task);

/* A child with an address space in common, whose filters are those that its
   parent had at some moment: which? */
void outside_inherit(struct task *task, const struct task *parent);

#endif
