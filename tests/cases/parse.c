// SPDX-License-Identifier: MIT
/*
 * parse.c - the text of a scenario file, cut into cases and steps.
 *
 *	# comment
 *	case NAME [needs ...]
 *		[P:] [var =] verb words... [-> expected]
 */
#include "scenario.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	int count;
	char *word[2 * MAX_ARGS];
};

static void split(char *text, struct words *words, const char *where, int line)
{
	char *save;

	words->count = 0;
	for (char *word = strtok_r(text, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save)) {
		if (word[0] == '#')
			return;
		if (words->count == 2 * MAX_ARGS)
			errx(2, "%s:%d: too many words", where, line);
		words->word[words->count++] = word;
	}
}

static char *copy(const char *text)
{
	char *result = strdup(text);

	if (!result)
		err(2, "strdup");
	return result;
}

/* "P:" in front of the step: the process that does it. */
static int take_process(const struct words *words, int *at)
{
	const char *word = words->word[*at];

	if (!isupper((unsigned char)word[0]) || strcmp(word + 1, ":") != 0)
		return 0;
	++*at;
	return word[0] - 'A';
}

/* The rest after the verb: its words, and what is expected. */
static void take_args(struct step *step, const struct words *words, int at)
{
	for (; at < words->count; at++) {
		if (!strcmp(words->word[at], "->")) {
			if (at + 2 == words->count)
				step->expected = words->word[at + 1];
			return;
		}
		if (step->nargs < MAX_ARGS)
			step->args[step->nargs++] = words->word[at];
	}
}

static void parse_step(struct step *step, const char *text, const char *file,
		       int line)
{
	struct words words;
	int at = 0;

	memset(step, 0, sizeof(*step));
	step->line = line;
	step->text = copy(text + strspn(text, " \t"));
	step->text[strcspn(step->text, "\n")] = '\0';
	step->storage = copy(text);
	split(step->storage, &words, file, line);
	step->process = take_process(&words, &at);
	if (at + 2 < words.count && !strcmp(words.word[at + 1], "=")) {
		step->var = words.word[at];
		at += 2;
	}
	step->verb = at < words.count ? verb_find(words.word[at]) : NULL;
	if (!step->verb)
		errx(2, "%s:%d: no such verb: %s", file, line, step->text);
	take_args(step, &words, at + 1);
	if (step->nargs < step->verb->least ||
	    (step->nargs > step->verb->most &&
	     step->verb->shape == SHAPE_VALUE))
		errx(2, "%s:%d: wrong number of words: %s", file, line,
		     step->text);
}

static void parse_case(struct scenario *scenario, const char *text,
		       const char *file, int line)
{
	struct words words;

	memset(scenario, 0, sizeof(*scenario));
	scenario->storage = copy(text);
	split(scenario->storage, &words, file, line);
	if (words.count < 2 || words.count > MAX_ARGS)
		errx(2, "%s:%d: a case wants a name", file, line);
	scenario->file = file;
	scenario->line = line;
	scenario->name = words.word[1];
	for (int i = 2; i < words.count; i++)
		scenario->needs[scenario->nneeds++] = words.word[i];
}

static void *grow(void *array, int count, size_t size)
{
	if ((count & (count - 1)) == 0)
		array = realloc(array, size * (size_t)(count ? 2 * count : 1));
	if (!array)
		err(2, "realloc");
	return array;
}

static void add_step(struct scenario *scenario, const char *text,
		     const char *file, int line)
{
	scenario->steps = grow(scenario->steps, scenario->nsteps,
			       sizeof(struct step));
	parse_step(&scenario->steps[scenario->nsteps++], text, file, line);
}

struct scenario *parse_file(const char *file, int *count)
{
	struct scenario *list = NULL;
	FILE *stream = fopen(file, "r");
	char text[1024];
	int n = 0;

	if (!stream)
		err(2, "%s", file);
	for (int line = 1; fgets(text, sizeof(text), stream); line++) {
		const char *first = text + strspn(text, " \t\n");

		if (*first == '\0' || *first == '#')
			continue;
		if (!strncmp(first, "case ", 5)) {
			list = grow(list, n, sizeof(*list));
			parse_case(&list[n++], text, file, line);
		} else if (n == 0) {
			errx(2, "%s:%d: a step before any case", file, line);
		} else {
			add_step(&list[n - 1], text, file, line);
		}
	}
	fclose(stream);
	*count = n;
	return list;
}

void scenarios_free(struct scenario *list, int count)
{
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < list[i].nsteps; k++) {
			free(list[i].steps[k].text);
			free(list[i].steps[k].storage);
		}
		free(list[i].steps);
		free(list[i].storage);
	}
	free(list);
}
