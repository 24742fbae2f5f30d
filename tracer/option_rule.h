// SPDX-License-Identifier: MIT
/*
 * option_rule.h - a row of the table of options.
 */
#ifndef OPTION_RULE_H
#define OPTION_RULE_H

#include <stddef.h>

#define TRY_HELP "; try 'shmtrace --help'"

struct options;

struct option_rule {
	char letter;		/* 0: long name only */
	const char *name;
	const char *arg;	/* name of its value; NULL: takes none; "[=X]":
				   may be left away, then value is NULL */
	const char *help;
	void (*apply)(struct options *out, const struct option_rule *rule,
		      const char *value);
	/* the letter's, where it is not the same (-e) */
	void (*apply_letter)(struct options *out,
			     const struct option_rule *rule,
			     const char *value);
};

/* In the order of --help, which the man page follows. */
extern const struct option_rule option_rules[];
extern const size_t option_rule_count;

/* All options were read: what they mean together. */
void option_settle(struct options *out);

/* To stdout, and exit. */
void option_print_help(struct options *out, const struct option_rule *rule,
		       const char *value);
void option_print_version(struct options *out, const struct option_rule *rule,
			  const char *value);

#endif
