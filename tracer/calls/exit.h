// SPDX-License-Identifier: MIT
/*
 * exit.h - the end of tasks, and of address spaces.
 */
#ifndef CALLS_EXIT_H
#define CALLS_EXIT_H

#include "tracer/tasks/tasks.h"

/* Drop the task's reference to its address space; with the last one, drop every
   attachment. */
void mm_put(struct task *task);
/* Drop everything that the task refers to, and free the task. */
void task_release(struct task *task);

/* At PTRACE_EVENT_EXIT: do_exit() is about to drop the address space. */
void exit_event(struct task *task);
/* Before exit_dead: release the threads of a dead leader whose own end was not
   reported. */
void exit_reap_missed(struct task *task);
/* After the task was reaped. */
void exit_dead(struct task *task);

#endif
