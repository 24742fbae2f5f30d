// SPDX-License-Identifier: MIT
/*
 * run.c - one case on one engine: evaluate the words of a step, have it done,
 * compare the outcome with what is expected.
 *
 * Outcomes are printed so that two engines can be compared as text: addresses
 * relative to the window or as the variable that holds them, process ids as
 * letters, times as the number of the tick since which they are (@0 is the
 * start of the case).
 */
#include "scenario.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_VARS = 64, MAX_TICKS = 64, LONE_BASE = 1000000 };

struct run {
	const struct scenario *scenario;
	const struct engine *engine;
	const char *judge;
	const struct step *step;
	bool print;
	struct {
		const char *name;
		int64_t value;
	} vars[MAX_VARS];
	int nvars;
	int64_t ticks[MAX_TICKS];
	int nticks;
	char error[128];	/* why a word has no value */
};

struct text {
	char *buf;
	size_t len, size;
};

static void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(text->buf + text->len, text->size - text->len, format,
		      list);
	va_end(list);
	if (n > 0)
		text->len += (size_t)n;
	if (text->len >= text->size)
		text->len = text->size - 1;
}

/* Words */

static bool place_find(const char *name, size_t len, int64_t *value)
{
	static const struct {
		const char *name;
		int page;
	} places[] = {
		{ "buf", 0 }, { "edge", 1 }, { "hole", 1 }, { "ro", 2 },
		{ "none", 3 }, { "roedge", 5 }, { "noneedge", 7 },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strlen(places[i].name) == len &&
		    !memcmp(places[i].name, name, len)) {
			*value = (int64_t)(layout.grounds +
				(uint64_t)places[i].page * layout.page);
			return true;
		}
	}
	return false;
}

static bool builtin_find(const struct engine *engine, const char *name,
			 size_t len, int64_t *value)
{
	if (len == 1 && name[0] == 'W')
		*value = (int64_t)layout.window;
	else if (len == 3 && !memcmp(name, "TOP", 3))
		*value = (int64_t)layout.top;
	else if (len == 6 && !memcmp(name, "MEMORY", 6))
		*value = (int64_t)layout.memory;
	else if (len == 4 && !memcmp(name, "LONE", 4))
		*value = LONE_BASE + 4 * getpid();
	else if (len == 2 && !memcmp(name, "ME", 2))
		*value = engine->uid();
	else if (len == 5 && !memcmp(name, "MYGID", 5))
		*value = engine->gid();
	else
		return false;
	return true;
}

static bool word_find(struct run *run, const char *name, size_t len,
		      int64_t *value)
{
	for (int i = 0; i < run->nvars; i++) {
		if (strlen(run->vars[i].name) == len &&
		    !memcmp(run->vars[i].name, name, len)) {
			*value = run->vars[i].value;
			return true;
		}
	}
	if (builtin_find(run->engine, name, len, value) ||
	    place_find(name, len, value) ||
	    constant_find(name, len, value))
		return true;
	snprintf(run->error, sizeof(run->error), "unknown word %.*s",
		 (int)len, name);
	return false;
}

static bool term(struct run *run, const char **text, int64_t *value)
{
	const char *start = *text;
	char *end;

	if (isdigit((unsigned char)*start)) {
		*value = (int64_t)strtoull(start, &end, 0);
		if (*end == 'p') {
			*value *= (int64_t)layout.page;
			end++;
		}
		*text = end;
		return true;
	}
	while (isalnum((unsigned char)**text) || **text == '_')
		++*text;
	return word_find(run, start, (size_t)(*text - start), value);
}

/* Terms joined by + - |, from left to right; a leading - or ~. */
static bool evaluate(struct run *run, const char *text, int64_t *value)
{
	char operator= '+';
	int64_t operand;

	*value = 0;
	if (*text == '-')
		operator= *text++;
	for (;;) {
		if (!term(run, &text, &operand))
			return false;
		if (operator== '|')
			*value |= operand;
		else if (operator== '-')
			*value = (int64_t)((uint64_t)*value -
					   (uint64_t)operand);
		else
			*value = (int64_t)((uint64_t)*value +
					   (uint64_t)operand);
		if (*text == '\0')
			return true;
		operator= *text++;
		if (!strchr("+-|", operator)) {
			snprintf(run->error, sizeof(run->error),
				 "what is %c?", operator);
			return false;
		}
	}
}

/* Outcomes */

/* The system may give out an address again: the step's own variable first. */
static const char *var_of(const struct run *run, int64_t value)
{
	if (run->step->var)
		return run->step->var;
	for (int i = 0; i < run->nvars; i++)
		if (run->vars[i].value == value)
			return run->vars[i].name;
	return NULL;
}

static void add_value(struct text *text, const struct run *run, int64_t value)
{
	uint64_t page = layout.page;
	uint64_t offset = (uint64_t)value - layout.window;
	const char *name = result_name(value);

	if (name)
		text_add(text, "%s", name);
	else if (offset % page == 0 && offset < 2 * GROUNDS_PAGE * page)
		text_add(text, "W+%" PRIu64 "p", offset / page);
	else if (value > INT64_C(0x100000000) && (name = var_of(run, value)))
		text_add(text, "%s", name);
	else if (value > INT64_C(0x100000000))
		text_add(text, "elsewhere");
	else
		text_add(text, "%" PRId64, value);
}

static int tick_of(const struct run *run, int64_t time)
{
	int i = run->nticks - 1;

	while (i > 0 && run->ticks[i] > time)
		i--;
	return i;
}

static bool is_pid(enum field field)
{
	return field == F_CPID || field == F_LPID;
}

static bool is_time(enum field field)
{
	return field == F_ATIME || field == F_DTIME || field == F_CTIME;
}

static void add_field(struct text *text, const struct run *run,
		      enum field field, uint64_t value)
{
	int process = -1;

	text_add(text, " %s=", field_name(field));
	if (is_pid(field))
		process = run->engine->process_of((int64_t)value);
	if (process >= 0)
		text_add(text, "%c", 'A' + process);
	else if (is_time(field) && value != 0)
		text_add(text, "@%d", tick_of(run, (int64_t)value));
	else if (field == F_MODE)
		text_add(text, "0%" PRIo64, value);
	else if (field == F_KEY)
		text_add(text, "0x%" PRIx64, value);
	else
		text_add(text, "%" PRIu64, value);
}

static void outcome(struct text *text, const struct run *run,
		    const struct reply *reply)
{
	if (reply->result == GOT_LOST || reply->result == GOT_SKIP) {
		text_add(text, "%s", reply->text);
		return;
	}
	if (run->step->verb->shape == SHAPE_TEXT && reply->result >= 0) {
		text_add(text, "%s", reply->text);
		return;
	}
	add_value(text, run, reply->result);
	if (reply->result < 0)
		return;
	for (int i = 0; i < FIELDS; i++)
		if (reply->has & (UINT64_C(1) << i))
			add_field(text, run, (enum field)i, reply->fields[i]);
}

/* Expectations */

static bool field_is(struct run *run, enum field field, uint64_t got,
		     const char *want)
{
	int64_t value;

	if (is_pid(field) && isupper((unsigned char)want[0]))
		return run->engine->process_of((int64_t)got) == want[0] - 'A';
	if (is_time(field) && want[0] == '@')
		return got != 0 &&
		       tick_of(run, (int64_t)got) == atoi(want + 1);
	return evaluate(run, want, &value) && (uint64_t)value == got;
}

static bool fields_are(struct run *run, const struct reply *reply)
{
	const struct step *step = run->step;

	for (int i = step->verb->most; i < step->nargs; i++) {
		const char *equals = strchr(step->args[i], '=');
		int field = equals ? field_find(step->args[i],
						(size_t)(equals -
							 step->args[i]))
				   : -1;

		if (field < 0 || !(reply->has & (UINT64_C(1) << field)) ||
		    !field_is(run, (enum field)field, reply->fields[field],
			      equals + 1)) {
			snprintf(run->error, sizeof(run->error), "%s",
				 step->args[i]);
			return false;
		}
	}
	return true;
}

static bool result_is(struct run *run, const struct reply *reply,
		      const char *want)
{
	int64_t value;

	if (!strcmp(want, "_"))
		return true;
	if (!strcmp(want, "ok"))
		return reply->result >= 0;
	if (run->step->verb->shape == SHAPE_TEXT)
		return !strcmp(reply->text, want);
	if (result_find(want, &value) || evaluate(run, want, &value))
		return reply->result == value;
	return false;
}

static bool is_expected(struct run *run, const struct reply *reply)
{
	const struct step *step = run->step;
	char want[256];
	char *save;

	snprintf(run->error, sizeof(run->error), "%s",
		 step->expected ? step->expected : "success");
	if (!step->expected)
		return reply->result >= 0 &&
		       (step->verb->shape != SHAPE_FIELDS ||
			fields_are(run, reply));
	snprintf(want, sizeof(want), "%s", step->expected);
	for (char *one = strtok_r(want, "/", &save); one;
	     one = strtok_r(NULL, "/", &save))
		if (result_is(run, reply, one))
			return step->verb->shape != SHAPE_FIELDS ||
			       reply->result < 0 || fields_are(run, reply);
	snprintf(run->error, sizeof(run->error), "%s", step->expected);
	return false;
}

/* Steps */

static bool is_birth(enum op op)
{
	return op == OP_FORK || op == OP_SHARE || op == OP_VFORK ||
	       op == OP_THREAD;
}

static bool prepare(struct run *run, struct request *request)
{
	const struct step *step = run->step;
	const struct verb *verb = step->verb;
	int n = step->nargs < verb->most ? step->nargs : verb->most;
	int at = 0;

	memset(request, 0, sizeof(*request));
	request->op = verb->op;
	request->nr = verb->nr;
	if (is_birth(verb->op)) {
		request->args[0] = (uint64_t)(step->args[0][0] - 'A');
		return true;
	}
	if (verb->op == OP_GROUPS || verb->op == OP_SYSCTL)
		request->args[at++] = (uint64_t)n;
	for (int i = 0; i < n; i++) {
		int64_t value;

		if (!evaluate(run, step->args[i], &value))
			return false;
		request->args[at++] = (uint64_t)value;
	}
	if (verb->op == OP_STAT || verb->op == OP_INFO ||
	    verb->op == OP_CREATE)
		request->args[at] = (uint64_t)verb->nr;
	return true;
}

static void remember(struct run *run, int64_t value)
{
	int i = 0;

	if (!run->step->var)
		return;
	while (i < run->nvars && strcmp(run->vars[i].name, run->step->var))
		i++;
	if (i == MAX_VARS)
		return;
	if (i == run->nvars)
		run->nvars++;
	run->vars[i].name = run->step->var;
	run->vars[i].value = value;
}

/* Does it depend on where the mappings of ordinary memory end, which merge by
   rules of their own? */
static bool asks_for_bounds(const uint64_t args[6])
{
	uint64_t old = (args[1] + layout.page - 1) / layout.page;
	uint64_t new = (args[2] + layout.page - 1) / layout.page;

	if (args[3] & MREMAP_FIXED)
		return old != new &&old > 1 && new > 1;
	return new > old || args[3] & MREMAP_DONTUNMAP;
}

/* Random runs leave out what is none of our business: some calls of mremap for
   memory that is no attachment at its start. */
static bool left_out(const struct run *run, const struct request *request,
		     struct reply *reply)
{
	struct request look = { .op = OP_MAPS };

	if (!run->print || request->op != OP_SYS || request->nr != SYS_mremap ||
	    !asks_for_bounds(request->args))
		return false;
	look.args[0] = request->args[0];
	look.args[1] = 1;
	run->engine->perform(run->step->process, &look, reply);
	if (reply->result < 0 || strcmp(reply->text, "empty") != 0)
		return false;
	reply->result = GOT_SKIP;
	snprintf(reply->text, sizeof(reply->text), "left out");
	return true;
}

static void do_step(struct run *run, const struct request *request,
		    struct reply *reply)
{
	if (left_out(run, request, reply))
		return;
	reply->result = 0;
	reply->has = 0;
	reply->text[0] = '\0';
	if (request->op == OP_NOTHING)
		reply->result = (int64_t)request->args[0];
	else
		run->engine->perform(run->step->process, request, reply);
	if (request->op == OP_TICK && run->nticks < MAX_TICKS)
		run->ticks[run->nticks++] = run->engine->now();
	remember(run, reply->result);
}

static void complain(struct run *run, const struct reply *reply)
{
	char got[MAX_TEXT];
	struct text text = { got, 0, sizeof(got) };

	got[0] = '\0';
	outcome(&text, run, reply);
	printf("FAIL %s:%d: %s on %s\n\t%s\n\tgot %s, expected %s\n",
	       run->scenario->file, run->step->line, run->scenario->name,
	       run->judge, run->step->text, got, run->error);
}

static void print_step(const struct run *run, const struct reply *reply)
{
	char got[MAX_TEXT];
	struct text text = { got, 0, sizeof(got) };

	got[0] = '\0';
	outcome(&text, run, reply);
	printf("%s => %s\n", run->step->text, got);
}

static enum verdict one_step(struct run *run)
{
	static struct reply reply;
	struct request request;

	reply.result = 0;
	reply.has = 0;
	reply.text[0] = '\0';
	if (!prepare(run, &request)) {
		if (run->print) {
			printf("%s => %s\n", run->step->text, run->error);
			return PASSED;
		}
		printf("FAIL %s:%d: %s: %s\n", run->scenario->file,
		       run->step->line, run->step->text, run->error);
		return FAILED;
	}
	do_step(run, &request, &reply);
	if (run->print) {
		print_step(run, &reply);
		return reply.result == GOT_LOST ? FAILED : PASSED;
	}
	if (reply.result == GOT_SKIP) {
		printf("SKIP %s on %s: %s (%s)\n", run->scenario->name,
		       run->judge, reply.text, run->step->text);
		return SKIPPED;
	}
	if (is_expected(run, &reply))
		return PASSED;
	complain(run, &reply);
	return FAILED;
}

static const char *unmet_need(const struct run *run)
{
	for (int i = 0; i < run->scenario->nneeds; i++) {
		const char *why = run->engine->lacks(run->scenario->needs[i]);

		if (why)
			return why;
	}
	return NULL;
}

enum verdict scenario_run(const struct scenario *scenario,
			  const struct engine *engine, const char *judge,
			  bool print)
{
	struct run run = { .scenario = scenario, .engine = engine,
			   .judge = judge, .print = print };
	enum verdict verdict = PASSED;
	const char *why = unmet_need(&run);

	if (why) {
		printf("SKIP %s on %s: %s\n", scenario->name, judge, why);
		return SKIPPED;
	}
	if (engine->begin() < 0)
		return FAILED;
	run.ticks[run.nticks++] = engine->now();
	for (int i = 0; i < scenario->nsteps && verdict == PASSED; i++) {
		run.step = &scenario->steps[i];
		verdict = one_step(&run);
	}
	engine->end();
	return verdict;
}
