// SPDX-License-Identifier: MIT
/*
 * option_report.h - the options of the reports, as rows of the table name
 * them.
 */
#ifndef OPTION_REPORT_H
#define OPTION_REPORT_H

#include "tracer/option_rule.h"

typedef void option_apply(struct options *out, const struct option_rule *rule,
			  const char *value);

option_apply report_expression, report_trace, report_status, report_verbose,
	report_successful, report_failed, report_stack, report_frames,
	report_stamps, report_relative, report_durations, report_ids,
	report_pids;

/* All options were read: what they mean together. */
void report_settle(struct options *out);

#endif
