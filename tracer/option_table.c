// SPDX-License-Identifier: MIT
/*
 * option_table.c - the options: what each one sets.
 */
#include "tracer/option_rule.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/option_report.h"
#include "tracer/options.h"
#include "tracer/util/log.h"

#define SHMMNI_MAX 32768	/* IPCMNI, include/linux/ipc_namespace.h */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* auto, on, off: in the order of the enums that have these three. */
static int parse_mode(const struct option_rule *rule, const char *value)
{
	static const char *const modes[] = { "auto", "on", "off" };

	for (int i = 0; i < (int)ARRAY_SIZE(modes); i++)
		if (strcmp(value, modes[i]) == 0)
			return i;
	log_fatal("--%s: '%s' is none of auto, on, off", rule->name, value);
}

static void set_seccomp(struct options *out, const struct option_rule *rule,
			const char *value)
{
	/* bare, as strace has it */
	out->seccomp = value ? (enum seccomp_mode)parse_mode(rule, value) :
			       SECCOMP_ON;
}

static void set_proc(struct options *out, const struct option_rule *rule,
		     const char *value)
{
	out->proc = (enum proc_mode)parse_mode(rule, value);
}

static void set_self_check(struct options *out, const struct option_rule *rule,
			   const char *value)
{
	(void)rule;
	(void)value;
	out->self_check = true;
}

static void set_orphans(struct options *out, const struct option_rule *rule,
			const char *value)
{
	if (strcmp(value, "wait") == 0)
		out->orphans = ORPHANS_WAIT;
	else if (strcmp(value, "kill") == 0)
		out->orphans = ORPHANS_KILL;
	else
		log_fatal("--%s: '%s' is none of wait, kill", rule->name,
			  value);
}

static void set_debug(struct options *out, const struct option_rule *rule,
		      const char *value)
{
	if (strcmp(value, "stops") != 0)
		log_fatal("--%s: '%s' is not stops", rule->name, value);
	out->debug_stops = true;
}

static void set_quiet(struct options *out, const struct option_rule *rule,
		      const char *value)
{
	(void)rule;
	(void)value;
	out->quiet = true;
}

static void set_append(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	(void)rule;
	(void)value;
	out->append = true;
}

/* Whoever types strace's -f gets what is always so. */
static void set_follow(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	(void)out;
	(void)rule;
	(void)value;
}

static void set_output(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	if (!*value)
		log_fatal("--%s: the file name is empty", rule->name);
	out->output = value;
	out->journal.to_file = true;
}

/* The factor that a number's suffix stands for; 0: no such suffix. */
static uint64_t suffix_factor(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *found;

	if (!*suffix)
		return 1;
	found = strchr(letters, *suffix);
	if (!found || suffix[1])
		return 0;
	return (uint64_t)1024 << (10 * (found - letters));
}

/* strtoull() alone takes blanks, signs, and any rest. */
static uint64_t parse_number(const struct option_rule *rule, const char *text,
			     uint64_t max)
{
	bool is_bytes = strcmp(rule->arg, "BYTES") == 0;
	uint64_t factor, number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	factor = suffix_factor(end);
	if (*text < '0' || *text > '9' || !factor || (*end && !is_bytes))
		log_fatal("--%s: '%s' is not a number%s", rule->name, text,
			  is_bytes ? " (K, M, G, T may follow it)" : "");
	if (errno || number > max / factor)
		log_fatal("--%s: '%s' is more than %llu", rule->name, text,
			  (unsigned long long)max);
	return number * factor;
}

static void set_limit(struct option_limit *limit,
		      const struct option_rule *rule, const char *text,
		      uint64_t max)
{
	limit->value = parse_number(rule, text, max);
	limit->is_set = true;
}

static void set_shmmax(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	set_limit(&out->shmmax, rule, value, UINT64_MAX);
}

static void set_shmall(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	set_limit(&out->shmall, rule, value, UINT64_MAX);
}

static void set_shmmni(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	set_limit(&out->shmmni, rule, value, SHMMNI_MAX);
}

static void set_shmseg(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	set_limit(&out->shmseg, rule, value, INT_MAX);
}

const struct option_rule option_rules[] = {
	{ 'h', "help", NULL, "print this help", option_print_help, NULL },
	{ 'V', "version", NULL, "print the version and what is built in",
	  option_print_version, NULL },
	{ 'o', "output", "FILE", "write messages to FILE, not to stderr",
	  set_output, NULL },
	{ 'A', "output-append-mode", NULL, "append to FILE, do not empty it",
	  set_append, NULL },
	{ 'q', "quiet", NULL, "print no warnings", set_quiet, NULL },
	{ 'v', "verbose", NULL, "print a line for each shared-memory call",
	  report_verbose, NULL },
	{ 'e', "trace", "SET", "print a line for each of these calls",
	  report_trace, report_expression },
	{ 0, "status", "SET", "only if it was successful, failed",
	  report_status, NULL },
	{ 'z', "successful-only", NULL, "the same as --status=successful",
	  report_successful, NULL },
	{ 'Z', "failed-only", NULL, "the same as --status=failed",
	  report_failed, NULL },
	{ 'k', "stack-trace", NULL, "and the stack of its caller",
	  report_stack, NULL },
	{ 0, "stack-trace-frame-limit", "N", "no more of it than N frames",
	  report_frames, NULL },
	{ 't', "absolute-timestamps", "[=FORM]",
	  "and the time: time; us; unix,us", report_stamps, NULL },
	{ 'r', "relative-timestamps", NULL, "and the time since the last",
	  report_relative, NULL },
	{ 'T', "syscall-times", NULL, "and the time that it took",
	  report_durations, NULL },
	{ 'y', "decode-ids", NULL, "and the segments that ids stand for",
	  report_ids, NULL },
	{ 'Y', "decode-pids", "[=comm]", "and the command of each thread",
	  report_pids, NULL },
	{ 'f', "follow-forks", NULL, "nothing: it is always so",
	  set_follow, NULL },
	{ 0, "orphans", "MODE", "what PROGRAM leaves behind: wait, kill",
	  set_orphans, NULL },
	{ 0, "shmmax", "BYTES", "limit the size of a segment",
	  set_shmmax, NULL },
	{ 0, "shmall", "PAGES", "limit the size of all segments",
	  set_shmall, NULL },
	{ 0, "shmmni", "N", "limit the number of segments", set_shmmni, NULL },
	{ 0, "shmseg", "N", "limit the attachments of one process",
	  set_shmseg, NULL },
	{ 0, "seccomp-bpf", "[=MODE]", "stop by seccomp filter: auto, on, off",
	  set_seccomp, NULL },
	{ 0, "proc", "MODE", "emulate /proc/sysvipc/shm: auto, on, off",
	  set_proc, NULL },
	{ 0, "self-check", NULL, "check our book-keeping at every step",
	  set_self_check, NULL },
	{ 0, "debug", "WHAT", "print a line for each: stops", set_debug, NULL },
};

const size_t option_rule_count = ARRAY_SIZE(option_rules);

void option_settle(struct options *out)
{
	report_settle(out);
}
