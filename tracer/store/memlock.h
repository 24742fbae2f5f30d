// SPDX-License-Identifier: MIT
/*
 * memlock.h - SHM_LOCK: pages that must stay in memory.
 */
#ifndef STORE_MEMLOCK_H
#define STORE_MEMLOCK_H

#include <stddef.h>

/* One file whose pages are kept. */
struct memlock;

/* Keep in memory the pages that the file has, and those that it will have; the
   file is given none by that.  fd must stay open until memlock_stop().  The
   first MiB or so is locked when this returns, the rest soon after; nothing is
   locked where the kernel does not let us.  NULL: no memory. */
struct memlock *memlock_start(int fd, size_t size);
void memlock_stop(struct memlock *memlock);

#endif
