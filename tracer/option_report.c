// SPDX-License-Identifier: MIT
/*
 * option_report.c - the options of the reports, in strace's words.
 */
#include "tracer/option_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/option_set.h"
#include "tracer/options.h"
#include "tracer/util/log.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void report_trace(struct options *out, const struct option_rule *rule,
		  const char *value)
{
	(void)rule;
	out->journal.log = option_set("--trace", value);
	out->trace_given = true;
}

void report_status(struct options *out, const struct option_rule *rule,
		   const char *value)
{
	bool successful = false, failed = false;

	(void)rule;
	for (const char *at = value; at; at = strchr(at, ',')) {
		size_t len;

		at += *at == ',';
		len = strcspn(at, ",");
		if (len == 10 && strncmp(at, "successful", len) == 0)
			successful = true;
		else if (len == 6 && strncmp(at, "failed", len) == 0)
			failed = true;
		else
			log_fatal("--status: '%.*s' is none of successful, "
				  "failed", (int)len, at);
	}
	out->journal.no_successful = !successful;
	out->journal.no_failed = !failed;
}

/* -e trace=X, -e status=X; without a name trace is meant. */
void report_expression(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	static const struct {
		const char *name;
		void (*apply)(struct options *, const struct option_rule *,
			      const char *);
	} kinds[] = {
		{ "trace", report_trace },
		{ "status", report_status },
	};
	size_t len = strcspn(value, "=");

	if (!value[len]) {
		report_trace(out, rule, value);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strlen(kinds[i].name) != len ||
		    strncmp(kinds[i].name, value, len) != 0)
			continue;
		kinds[i].apply(out, rule, value + len + 1);
		return;
	}
	log_fatal("-e: '%.*s' is none of trace, status", (int)len, value);
}

void report_verbose(struct options *out, const struct option_rule *rule,
		    const char *value)
{
	(void)value;
	report_trace(out, rule, "%ipc");
}

void report_successful(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	(void)value;
	report_status(out, rule, "successful");
}

void report_failed(struct options *out, const struct option_rule *rule,
		   const char *value)
{
	(void)value;
	report_status(out, rule, "failed");
}

void report_stack(struct options *out, const struct option_rule *rule,
		  const char *value)
{
	(void)rule;
	(void)value;
	out->journal.stack = true;
}

void report_frames(struct options *out, const struct option_rule *rule,
		   const char *value)
{
	char *end;
	unsigned long frames = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || !frames || frames > 65535)
		log_fatal("--%s: '%s' is not a number from 1 to 65535",
			  rule->name, value);
	out->journal.frames = (unsigned)frames;
}

void report_stamps(struct options *out, const struct option_rule *rule,
		   const char *value)
{
	static const char *const forms[] = {
		[STAMP_NONE] = "", [STAMP_TIME] = "time", [STAMP_US] = "us",
		[STAMP_UNIX] = "unix,us",
	};

	if (!value) {	/* once more */
		if (out->journal.stamp < STAMP_UNIX)
			out->journal.stamp++;
		return;
	}
	for (int i = STAMP_TIME; i <= STAMP_UNIX; i++)
		if (strcmp(value, forms[i]) == 0) {
			out->journal.stamp = (enum journal_stamp)i;
			return;
		}
	log_fatal("--%s: '%s' is none of time; us; unix,us", rule->name,
		  value);
}

void report_relative(struct options *out, const struct option_rule *rule,
		     const char *value)
{
	(void)rule;
	(void)value;
	out->journal.relative = true;
}

void report_durations(struct options *out, const struct option_rule *rule,
		      const char *value)
{
	(void)rule;
	(void)value;
	out->journal.durations = true;
}

void report_ids(struct options *out, const struct option_rule *rule,
		const char *value)
{
	(void)rule;
	(void)value;
	out->journal.decode_ids++;
}

void report_pids(struct options *out, const struct option_rule *rule,
		 const char *value)
{
	if (value && strcmp(value, "comm") != 0)
		log_fatal("--%s: '%s' is not comm", rule->name, value);
	out->journal.decode_pids = true;
}

void report_settle(struct options *out)
{
	const struct journal_options *on = &out->journal;

	if (!out->trace_given &&
	    (on->stack || on->stamp || on->relative || on->durations ||
	     on->decode_ids || on->decode_pids || on->no_failed ||
	     on->no_successful))
		out->journal.log = JOURNAL_IPC;
}
