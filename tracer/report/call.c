// SPDX-License-Identifier: MIT
/*
 * call.c - what the arguments of a call say before anyone looks further.
 */
#include "tracer/report/call.h"

#include <asm/ipcbuf.h>
#include <asm/shmbuf.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15 /* Linux 4.17 */
#endif

bool journal_takes_index(const uint64_t args[6])
{
	return (uint32_t)args[1] == SHM_STAT ||
	       (uint32_t)args[1] == SHM_STAT_ANY;
}

size_t journal_buffer_read(const uint64_t args[6])
{
	return (uint32_t)args[1] == IPC_SET ? sizeof(struct shmid64_ds) : 0;
}

size_t journal_buffer_written(const uint64_t args[6])
{
	switch ((uint32_t)args[1]) {
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return sizeof(struct shmid64_ds);
	case IPC_INFO:
		return sizeof(struct shminfo64);
	case SHM_INFO:
		return sizeof(struct shm_info);
	default:
		return 0;
	}
}
