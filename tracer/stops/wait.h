// SPDX-License-Identifier: MIT
/*
 * wait.h - wait statuses of tasks, taken in for the loop.
 */
#ifndef STOPS_WAIT_H
#define STOPS_WAIT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Take in (task_defer) all statuses that are there, so that each task has its
 * turn: the kernel would report the busiest of the first ones for ever.  With
 * `block` wait for one.  False when no task is left.
 *
 * To look at all tasks costs the kernel a walk over them.  Where there are
 * many, only those are looked at that SIGCHLD named or that stopped lately;
 * one whose SIGCHLD was swallowed by another's has to wait for up to a
 * millisecond then, and a microsecond more for each task.
 */
bool wait_take(bool block);

/* A new task that will stop, or has: its SIGCHLD may be the parent's. */
void wait_expect(pid_t tid);

#endif
