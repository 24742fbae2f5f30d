// SPDX-License-Identifier: MIT
/*
 * memlock.h - SHM_LOCK: pages that must stay in memory.
 */
#ifndef STORE_MEMLOCK_H
#define STORE_MEMLOCK_H

#include <stddef.h>

/* One file whose pages are kept, in a list that a signal handler walks. */
struct memlock;

/* Keep the pages that the file has, and those it will have, in memory; it is
   given none by that.  NULL: the kernel does not let us. */
struct memlock *memlock_start(int fd, size_t size);
void memlock_stop(struct memlock *memlock);

#endif
