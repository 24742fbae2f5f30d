// SPDX-License-Identifier: MIT
/*
 * options.c - the command line, word by word; option_table.c says what each
 * option does.
 *
 * Not getopt_long(), which accepts abbreviations: a script's `--out` would fail
 * when a later version had an option `--outline` too.
 */
#include "tracer/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/option_rule.h"
#include "tracer/util/exit.h"
#include "tracer/util/log.h"

static void finish_stdout(void)
{
	if (fflush(stdout) || ferror(stdout))
		log_fatal("cannot write: %s", strerror(errno));
	exit(EXIT_SUCCESS);
}

void option_print_version(struct options *out, const struct option_rule *rule,
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
	       "MIT license; there is no warranty.\n",
	       VERSION, unwind);
	finish_stdout();
}

static bool takes_value(const struct option_rule *rule)
{
	return rule->arg && rule->arg[0] != '[';
}

static void print_rule(const struct option_rule *rule)
{
	char name[40];

	snprintf(name, sizeof(name), "--%s%s%s", rule->name,
		 takes_value(rule) ? "=" : "", rule->arg ? rule->arg : "");
	if (rule->letter)
		printf("  -%c, %-28s  %s\n", rule->letter, name, rule->help);
	else
		printf("      %-28s  %s\n", name, rule->help);
}

void option_print_help(struct options *out, const struct option_rule *rule,
		       const char *value)
{
	(void)out;
	(void)rule;
	(void)value;
	printf("Usage: shmtrace [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
	       "Run PROGRAM and everything it starts with System V shared "
	       "memory of its own.\n\n");
	for (size_t i = 0; i < option_rule_count; i++)
		print_rule(&option_rules[i]);
	printf("\nOptions in the environment variable SHMTRACE_OPTIONS come "
	       "first.\n"
	       "The exit status is PROGRAM's; %d if shmtrace fails, %d if "
	       "PROGRAM does not\nrun, %d if there is none.\n", EXIT_OWN,
	       EXIT_CANNOT, EXIT_NOTFOUND);
	finish_stdout();
}

_Noreturn static void refuse_attach(void)
{
	log_fatal("shmtrace cannot attach: a segment must have been emulated "
		  "from its shmget on; start the program under it");
}

static const struct option_rule *find_letter(char letter)
{
	for (size_t i = 0; i < option_rule_count; i++)
		if (option_rules[i].letter && option_rules[i].letter == letter)
			return &option_rules[i];
	if (letter == 'p')
		refuse_attach();
	log_fatal("unknown option '-%c'" TRY_HELP, letter);
}

static const struct option_rule *find_name(const char *name, size_t len)
{
	for (size_t i = 0; i < option_rule_count; i++)
		if (strncmp(option_rules[i].name, name, len) == 0 &&
		    !option_rules[i].name[len])
			return &option_rules[i];
	if (len == strlen("attach") && strncmp(name, "attach", len) == 0)
		refuse_attach();
	log_fatal("unknown option '--%.*s'" TRY_HELP, (int)len, name);
}

/* argv[i] is "--name" or "--name=value": returns the next index. */
static int parse_long(char **argv, int i, struct options *out)
{
	const char *name = argv[i] + 2;
	size_t len = strcspn(name, "=");
	const struct option_rule *rule = find_name(name, len);
	const char *value = name[len] ? name + len + 1 : NULL;

	if (value && !rule->arg)
		log_fatal("option '--%s' takes no value" TRY_HELP,
			  rule->name);
	if (!value && takes_value(rule))
		value = argv[++i];
	if (!value && takes_value(rule))
		log_fatal("option '--%s' needs a value (%s)" TRY_HELP,
			  rule->name, rule->arg);
	rule->apply(out, rule, value);
	return i + 1;
}

/* argv[i] is "-v", "-vk", "-oFILE" or "-o": returns the next index. */
static int parse_short(char **argv, int i, struct options *out)
{
	for (const char *p = argv[i] + 1; *p; p++) {
		const struct option_rule *rule = find_letter(*p);

		if (!takes_value(rule)) {
			rule->apply(out, rule, NULL);
			continue;
		}
		const char *value = p[1] ? p + 1 : argv[++i];
		if (!value)
			log_fatal("option '-%c' needs a value (%s)" TRY_HELP,
				  rule->letter, rule->arg);
		if (rule->apply_letter)
			rule->apply_letter(out, rule, value);
		else
			rule->apply(out, rule, value);
		break;
	}
	return i + 1;
}

/* All words up to the first that is no option: its index. */
static int parse_words(char **argv, int i, struct options *out)
{
	/* A lone "-" is the name of a program, however odd. */
	while (argv[i] && argv[i][0] == '-' && argv[i][1]) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (argv[i][1] == '-')
			i = parse_long(argv, i, out);
		else
			i = parse_short(argv, i, out);
	}
	return i;
}

/* As VALGRIND_OPTS: blanks separate, and nothing quotes them.  The text stays
   allocated: the options point into it. */
static void parse_environment(struct options *out)
{
	const char *words = getenv("SHMTRACE_OPTIONS");
	static char *text;
	char *rest, *word;
	char **argv;
	int argc = 0, i;

	if (!words)
		return;
	free(text);
	rest = text = strdup(words);
	argv = calloc(strlen(words) / 2 + 2, sizeof(*argv));
	if (!text || !argv)
		log_fatal("out of memory");
	while ((word = strsep(&rest, " \t\n")))
		if (*word)
			argv[argc++] = word;
	i = parse_words(argv, 0, out);
	if (i < argc || (i && strcmp(argv[i - 1], "--") == 0))
		log_fatal("SHMTRACE_OPTIONS: '%s' is not an option",
			  argv[i < argc ? i : i - 1]);
	free(argv);
}

void options_parse(int argc, char **argv, struct options *out)
{
	int i;

	*out = (struct options){
		.seccomp = SECCOMP_AUTO,
		.journal = { .frames = 128 },
	};
	parse_environment(out);
	i = parse_words(argv, argc ? 1 : 0, out);
	if (!argv[i])
		log_fatal("no program given" TRY_HELP);
	option_settle(out);
	out->argv = argv + i;
}
