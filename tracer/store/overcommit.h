// SPDX-License-Identifier: MIT
/*
 * overcommit.h - may a segment be as large as it wants to be?
 */
#ifndef STORE_OVERCOMMIT_H
#define STORE_OVERCOMMIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "emul/emul.h"

/* Keep what is asked for often at hand; after proc_init. */
void overcommit_init(void);
/* Are segments accounted for though they asked for SHM_NORESERVE? */
bool overcommit_is_strict(void);
/* __vm_enough_memory(): may the `request` of thread `tid`, of so many pages,
   be accounted?  promised() is how much our segments have accounted and not
   yet taken. */
bool overcommit_allows(const struct emul_pages_request *request, pid_t tid,
		       int64_t pages, int64_t (*promised)(void));

#endif
