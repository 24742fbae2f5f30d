// SPDX-License-Identifier: MIT
/*
 * touch.h - memory of the program that is not there yet: the thread itself
 * waits for it, and then makes its call once more.
 */
#ifndef REMOTE_TOUCH_H
#define REMOTE_TOUCH_H

#include "tracer/tasks/tasks.h"

/* A copy met a missing page: what the copy gives for now. */
sysret_t touch_later(struct task *task, uint64_t addr, size_t len, bool write);
/* Is there such a page for the call that is being handled?  Then the handler
   has to return; remote_answer() gives no answer. */
bool touch_is_due(const struct task *task);
/* At the stop where the handler has left it. */
void touch_begin(struct task *task);
/* At a stop while the thread waits for the page. */
void touch_at_stop(struct task *task);

#endif
