// SPDX-License-Identifier: MIT
/*
 * tasks.h - threads, address spaces and credentials: the header of this room
 * that other rooms include.
 */
#ifndef TASKS_TASKS_H
#define TASKS_TASKS_H

#include "tracer/tasks/caller.h"
#include "tracer/tasks/cred.h"
#include "tracer/tasks/ipcns.h"
#include "tracer/tasks/pidns.h"
#include "tracer/tasks/task.h"
#include "tracer/tasks/userns.h"

#endif
