// SPDX-License-Identifier: MIT
/*
 * journal.c - hands what happened to the reports that are on.
 */
#include "tracer/report/journal.h"

#include <asm/ipcbuf.h>
#include <asm/shmbuf.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "tracer/report/backtrace.h"
#include "tracer/report/calllog.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15 /* Linux 4.17 */
#endif

static struct journal_options on;

void journal_set_up(const struct journal_options *options)
{
	on = *options;
	calllog_set_up(options);
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

void journal_call(const struct journal_call *call)
{
	if (!on.log)
		return;
	calllog_print(call);
	if (on.stack)
		backtrace_print(call->tid);
}
