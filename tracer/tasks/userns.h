// SPDX-License-Identifier: MIT
/*
 * userns.h - translates user and group ids into a child user namespace and
 * back.
 */
#ifndef TASKS_USERNS_H
#define TASKS_USERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum userns_kind { USERNS_UID, USERNS_GID };

/* The id in the user namespace of `tid` for an id of the tracer's; the overflow
   id when it is not mapped there (from_kuid_munged()). */
uint32_t userns_seen(pid_t tid, enum userns_kind kind, uint32_t id);
/* The tracer's id for an id in the user namespace of `tid`; UINT32_MAX when it
   is not mapped (make_kuid()). */
uint32_t userns_meant(pid_t tid, enum userns_kind kind, uint32_t id);

#endif
