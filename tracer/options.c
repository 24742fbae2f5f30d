// SPDX-License-Identifier: MIT
/*
 * options.c - the command line: one table, from which --help is printed.
 *
 * Not getopt_long(), which accepts abbreviations: a script's `--out` would fail
 * when a later version had an option `--outline` too.
 */
#include "tracer/options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/util/exit.h"
#include "tracer/util/log.h"

#define TRY_HELP "; try 'shmtrace --help'"
#define SHMMNI_MAX 32768	/* IPCMNI, include/linux/ipc_namespace.h */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct rule {
	char letter;		/* 0: long name only */
	const char *name;
	const char *arg;	/* name of its value; NULL: takes none */
	const char *help;
	void (*apply)(struct options *out, const struct rule *rule,
		      const char *value);
};

static void print_help(struct options *out, const struct rule *rule,
		       const char *value);

static void finish_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		log_fatal("cannot write: %s", strerror(errno));
	exit(EXIT_SUCCESS);
}

static void print_version(struct options *out, const struct rule *rule,
			  const char *value)
{
	(void)out;
	(void)rule;
	(void)value;
#ifdef HAVE_LIBUNWIND
	const char *unwind = "yes";
#else
	const char *unwind = "no";
#endif
	printf("shmtrace %s\n"
	       "CPU: " CPU_NAME "; stack traces (libunwind): %s\n"
	       "MIT license; there is no warranty.\n", VERSION, unwind);
	finish_stdout();
}

/* auto, on, off: in the order of enum seccomp_mode and enum proc_mode. */
static int parse_mode(const struct rule *rule, const char *value)
{
	static const char *const modes[] = { "auto", "on", "off" };

	for (int i = 0; i < (int)ARRAY_SIZE(modes); i++)
		if (strcmp(value, modes[i]) == 0)
			return i;
	log_fatal("--%s: '%s' is none of auto, on, off", rule->name, value);
}

static void set_seccomp(struct options *out, const struct rule *rule,
			const char *value)
{
	out->seccomp = (enum seccomp_mode)parse_mode(rule, value);
}

static void set_proc(struct options *out, const struct rule *rule,
		     const char *value)
{
	out->proc = (enum proc_mode)parse_mode(rule, value);
}

static void set_self_check(struct options *out, const struct rule *rule,
			   const char *value)
{
	(void)rule;
	(void)value;
	out->self_check = true;
}

static void set_debug(struct options *out, const struct rule *rule,
		      const char *value)
{
	if (strcmp(value, "stops") != 0)
		log_fatal("--%s: '%s' is not stops", rule->name, value);
	out->debug_stops = true;
}

static void set_verbose(struct options *out, const struct rule *rule,
			const char *value)
{
	(void)rule;
	(void)value;
	out->verbose = true;
}

static void set_stack_trace(struct options *out, const struct rule *rule,
			    const char *value)
{
	(void)rule;
	(void)value;
	out->verbose = true;
	out->stack_trace = true;
}

static void set_orphans(struct options *out, const struct rule *rule,
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

static void set_output(struct options *out, const struct rule *rule,
		       const char *value)
{
	if (!*value)
		log_fatal("--%s: the file name is empty", rule->name);
	out->output = value;
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

/* strtoull() alone accepts blanks, signs, and any text after the number. */
static uint64_t parse_number(const struct rule *rule, const char *text,
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

static void set_limit(struct option_limit *limit, const struct rule *rule,
		      const char *text, uint64_t max)
{
	limit->value = parse_number(rule, text, max);
	limit->is_set = true;
}

static void set_shmmax(struct options *out, const struct rule *rule,
		       const char *value)
{
	set_limit(&out->shmmax, rule, value, UINT64_MAX);
}

static void set_shmall(struct options *out, const struct rule *rule,
		       const char *value)
{
	set_limit(&out->shmall, rule, value, UINT64_MAX);
}

static void set_shmmni(struct options *out, const struct rule *rule,
		       const char *value)
{
	set_limit(&out->shmmni, rule, value, SHMMNI_MAX);
}

static void set_shmseg(struct options *out, const struct rule *rule,
		       const char *value)
{
	set_limit(&out->shmseg, rule, value, INT_MAX);
}

/* In the order of --help, which the man page follows. */
static const struct rule rules[] = {
	{ 'h', "help", NULL, "print this help", print_help },
	{ 'V', "version", NULL, "print the version and what is built in",
	  print_version },
	{ 'v', "verbose", NULL, "print a line for each shared-memory call",
	  set_verbose },
	{ 'k', "stack-trace", NULL, "and the stack of its caller (implies -v)",
	  set_stack_trace },
	{ 'o', "output", "FILE", "write messages to FILE, not to stderr",
	  set_output },
	{ 0, "orphans", "MODE", "what PROGRAM leaves behind: wait, kill",
	  set_orphans },
	{ 0, "shmmax", "BYTES", "limit the size of a segment", set_shmmax },
	{ 0, "shmall", "PAGES", "limit the size of all segments", set_shmall },
	{ 0, "shmmni", "N", "limit the number of segments", set_shmmni },
	{ 0, "shmseg", "N", "limit the attachments of one process",
	  set_shmseg },
	{ 0, "seccomp-bpf", "MODE", "stop by seccomp filter: auto, on, off",
	  set_seccomp },
	{ 0, "proc", "MODE", "emulate /proc/sysvipc/shm: auto, on, off",
	  set_proc },
	{ 0, "self-check", NULL, "check our book-keeping at every step",
	  set_self_check },
	{ 0, "debug", "WHAT", "print a line for each: stops", set_debug },
};

static void print_rule(const struct rule *rule)
{
	char name[32];

	snprintf(name, sizeof(name), "--%s%s%s", rule->name,
		 rule->arg ? "=" : "", rule->arg ? rule->arg : "");
	if (rule->letter)
		printf("  -%c, %-20s  %s\n", rule->letter, name, rule->help);
	else
		printf("      %-20s  %s\n", name, rule->help);
}

static void print_help(struct options *out, const struct rule *rule,
		       const char *value)
{
	(void)out;
	(void)rule;
	(void)value;
	printf("Usage: shmtrace [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
	       "Run PROGRAM and everything it starts with System V shared "
	       "memory of its own.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		print_rule(&rules[i]);
	printf("\nThe exit status is PROGRAM's; %d if shmtrace fails, %d if "
	       "PROGRAM does not\nrun, %d if there is none.\n", EXIT_OWN,
	       EXIT_CANNOT, EXIT_NOTFOUND);
	finish_stdout();
}

static const struct rule *find_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].letter && rules[i].letter == letter)
			return &rules[i];
	log_fatal("unknown option '-%c'" TRY_HELP, letter);
}

static const struct rule *find_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (strncmp(rules[i].name, name, len) == 0 &&
		    !rules[i].name[len])
			return &rules[i];
	log_fatal("unknown option '--%.*s'" TRY_HELP, (int)len, name);
}

/* argv[i] is "--name" or "--name=value": returns the next index. */
static int parse_long(char **argv, int i, struct options *out)
{
	const char *name = argv[i] + 2;
	size_t len = strcspn(name, "=");
	const struct rule *rule = find_name(name, len);
	const char *value = name[len] ? name + len + 1 : NULL;

	if (value && !rule->arg)
		log_fatal("option '--%s' takes no value" TRY_HELP,
			  rule->name);
	if (!value && rule->arg)
		value = argv[++i];
	if (!value && rule->arg)
		log_fatal("option '--%s' needs a value (%s)" TRY_HELP,
			  rule->name, rule->arg);
	rule->apply(out, rule, value);
	return i + 1;
}

/* argv[i] is "-v", "-vk", "-oFILE" or "-o": returns the next index. */
static int parse_short(char **argv, int i, struct options *out)
{
	for (const char *p = argv[i] + 1; *p; p++) {
		const struct rule *rule = find_letter(*p);

		if (!rule->arg) {
			rule->apply(out, rule, NULL);
			continue;
		}
		const char *value = p[1] ? p + 1 : argv[++i];
		if (!value)
			log_fatal("option '-%c' needs a value (%s)" TRY_HELP,
				  rule->letter, rule->arg);
		rule->apply(out, rule, value);
		break;
	}
	return i + 1;
}

void options_parse(int argc, char **argv, struct options *out)
{
	int i = argc ? 1 : 0;

	*out = (struct options){ .seccomp = SECCOMP_AUTO };
	/* "-" alone is the name of a program */
	while (argv[i] && argv[i][0] == '-' && argv[i][1]) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (argv[i][1] == '-')
			i = parse_long(argv, i, out);
		else
			i = parse_short(argv, i, out);
	}
	if (!argv[i])
		log_fatal("no program given" TRY_HELP);
	out->argv = argv + i;
}
