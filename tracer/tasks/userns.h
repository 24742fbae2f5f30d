// SPDX-License-Identifier: MIT
/*
 * userns.h - user and group ids as a child user namespace has them.
 */
#ifndef TASKS_USERNS_H
#define TASKS_USERNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum userns_kind { USERNS_UID, USERNS_GID };

/* What the user namespace of `tid` calls our id; the overflow id when it is
   not mapped there (from_kuid_munged). */
uint32_t userns_seen(pid_t tid, enum userns_kind kind, uint32_t id);
/* What we call its id; UINT32_MAX when it is not mapped (make_kuid). */
uint32_t userns_meant(pid_t tid, enum userns_kind kind, uint32_t id);

#endif
