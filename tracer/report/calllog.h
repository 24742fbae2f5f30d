// SPDX-License-Identifier: MIT
/*
 * calllog.h - the log of shared-memory calls (-v).
 */
#ifndef REPORT_CALLLOG_H
#define REPORT_CALLLOG_H

#include <stdint.h>
#include <sys/types.h>

enum log_call { LOG_SHMGET, LOG_SHMCTL, LOG_SHMAT, LOG_SHMDT };

/* "[tid] shmget(0x1234, 4096, IPC_CREAT|0600) = 0".  The result is a value,
   -errno, or SYSRET_GONE.  errno is preserved. */
void log_call(pid_t tid, enum log_call call, const uint64_t args[6],
	      int64_t result);

#endif
