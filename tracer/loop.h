// SPDX-License-Identifier: MIT
/*
 * loop.h - wait, name the stop, handle it, resume.
 */
#ifndef LOOP_H
#define LOOP_H

/* Handle events until the last traced task has ended. */
void loop_run(void);

#endif
