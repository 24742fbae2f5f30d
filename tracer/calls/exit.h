// SPDX-License-Identifier: MIT
/*
 * exit.h - the end of tasks, and of address spaces.
 */
#ifndef CALLS_EXIT_H
#define CALLS_EXIT_H

#include "tracer/tasks/tasks.h"

/* Gives up one user of the task's address space; with the last one every
   attachment goes. */
void mm_put(struct task *task);
/* Gives up all that the task refers to, and the task. */
void task_release(struct task *task);

/* At PTRACE_EVENT_EXIT: do_exit() is about to give up the address space. */
void exit_event(struct task *task);
/* Before exit_dead: threads of a dead leader whose own end was missed. */
void exit_reap_missed(struct task *task);
/* The task was reaped. */
void exit_dead(struct task *task);

#endif
