// SPDX-License-Identifier: MIT
/*
 * calllog.h - the log of shared-memory calls (-v).
 */
#ifndef REPORT_CALLLOG_H
#define REPORT_CALLLOG_H

#include "tracer/report/call.h"

void calllog_set_up(const struct journal_options *options);

/* "[pid  4711] shmget(0x1234, 4096, IPC_CREAT|0600) = 0", as strace 6.1 has
   it.  errno is preserved. */
void calllog_print(const struct journal_call *call);
/* The call has a line now, or would have but for its status: -r counts from
   here. */
void calllog_passed(const struct journal_call *call);

#endif
