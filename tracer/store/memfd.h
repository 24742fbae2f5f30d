// SPDX-License-Identifier: MIT
/*
 * memfd.h - the pages of segments, by handle.
 */
#ifndef STORE_MEMFD_H
#define STORE_MEMFD_H

#include <stdbool.h>
#include <sys/types.h>

#include "emul/emul.h"

/* For a shmget of thread `tid`; else as in struct emul_host. */
sysret_t memfd_new(const struct emul_pages_request *request, pid_t tid);
/* As in struct emul_host. */
void memfd_free(void *arg, int64_t handle);
void memfd_usage(void *arg, int64_t handle, struct emul_usage *usage);
sysret_t memfd_lock(void *arg, int64_t handle, bool lock);

/* An open file of its own for an attach; -1. */
int memfd_open(int64_t handle, bool writable);
/* Where to find the file in /proc, and how to know it again: false if there is
   none. */
struct memfd_place {
	pid_t holder;
	int number;		/* of its descriptor there */
	uint64_t dev, inode;
};
bool memfd_find(int64_t handle, struct memfd_place *file);
/* Huge ones must be mapped with MAP_NORESERVE: memfd_new() has reserved
   them, or the segment was made with SHM_NORESERVE. */
bool memfd_is_huge(int64_t handle);
/* The sizes of huge pages that this kernel has, as log2: the default one (0:
   none at all) and a set of bits. */
void memfd_huge_sizes(uint32_t *shift, uint64_t *sizes);
/* Inode of the pages' file, 0 while they have none (never attached). */
uint64_t memfd_inode(int64_t handle);

#endif
