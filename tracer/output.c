// SPDX-License-Identifier: MIT
/*
 * output.c - %p and its kin in a file name, as valgrind has them.
 */
#include "tracer/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/util/log.h"

struct name {
	char *text;
	size_t len;
};

static void add(struct name *name, const char *text, size_t len)
{
	char *longer = realloc(name->text, name->len + len + 1);

	if (!longer)
		log_fatal("out of memory");
	memcpy(longer + name->len, text, len);
	name->text = longer;
	name->len += len;
	name->text[name->len] = '\0';
}

/* `at` is "q{VAR}...": returns what follows. */
static const char *add_variable(struct name *name, const char *pattern,
				const char *at)
{
	const char *end = at[1] == '{' ? strchr(at, '}') : NULL;
	const char *value;
	char *variable;

	if (!end || end == at + 2)
		log_fatal("--output: '%s': %%q needs {VARIABLE}", pattern);
	variable = strndup(at + 2, (size_t)(end - at - 2));
	if (!variable)
		log_fatal("out of memory");
	value = getenv(variable);
	if (!value)
		log_fatal("--output: '%s': %s is not set", pattern, variable);
	add(name, value, strlen(value));
	free(variable);
	return end + 1;
}

/* `at` is what follows a per cent sign: returns what follows that. */
static const char *add_special(struct name *name, const char *pattern,
			       const char *at)
{
	struct line pid = { .len = 0 };

	switch (*at) {
	case 'p':
		line_add(&pid, "%d", (int)getpid());
		add(name, pid.text, pid.len);
		return at + 1;
	case 'q':
		return add_variable(name, pattern, at);
	case '%':
		add(name, "%", 1);
		return at + 1;
	default:
		log_fatal("--output: '%s': %% is followed by none of p, q, %%",
			  pattern);
	}
}

char *output_name(const char *pattern)
{
	struct name name = { .len = 0 };

	for (const char *at = pattern; *at;) {
		size_t plain = strcspn(at, "%");

		add(&name, at, plain);
		at += plain;
		if (*at)
			at = add_special(&name, pattern, at + 1);
	}
	return name.text;
}
