// SPDX-License-Identifier: MIT
/*
 * journal.c - hands what happened to the reports that are on.
 */
#include "tracer/report/journal.h"

#include "tracer/report/backtrace.h"
#include "tracer/report/calllog.h"

static struct journal_options on;

void journal_set_up(const struct journal_options *options)
{
	on = *options;
	calllog_set_up(options);
}

bool journal_wants_segments(void)
{
	return on.decode_ids > 0;
}

/* A call whose thread has gone has no result: it did neither. */
static bool has_wanted_status(const struct journal_call *call)
{
	if (call->result == SYSRET_GONE)
		return !on.no_failed && !on.no_successful;
	return call->result < 0 ? !on.no_failed : !on.no_successful;
}

void journal_call(const struct journal_call *call)
{
	if (!(on.log & JOURNAL_BIT(call->nr)))
		return;
	if (has_wanted_status(call)) {
		calllog_print(call);
		if (on.stack && call->result != SYSRET_GONE)
			backtrace_print(call->tid, on.frames);
	}
	calllog_passed(call);
}
