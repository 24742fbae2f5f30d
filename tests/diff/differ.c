// SPDX-License-Identifier: MIT
/*
 * differ.c - the same random scenario on several judges; the first difference
 * is made short and shown.
 *
 *	differ --scenario=PROGRAM [options]
 *	  --seeds=FROM-TO	one scenario for each seed (1-100)
 *	  --ops=N		steps of each (200)
 *	  --judges=NAME,...	compared with the kernel: emul linux on off
 *	  --shmtrace=PROGRAM	for on and off
 *	  --jobs=N		scenarios at once (2)
 *	  --keep=N		stop after N differences (1)
 *	  --user=UID		as that user (root only)
 *
 * On kernels before 6.17 calls of which an answer has changed since 6.1 are
 * left out: emul/ and shmtrace answer as the newest does.
 */
#include "generate.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_JUDGES = 5, MAX_JOBS = 32, MAX_TRIALS = 600 };

struct judge {
	const char *name;
	const char *engine;	/* --engine= */
	const char *mode;	/* --seccomp-bpf=; NULL: not traced */
};

static const struct judge all_judges[] = {
	{ "kernel", "sys", NULL },	/* the expectation */
	{ "linux", "sys", NULL },
	{ "emul", "emul", NULL },
	{ "on", "sys", "on" },
	{ "off", "sys", "off" },
};

static struct {
	const char *scenario, *shmtrace;
	uint64_t from, to;
	int ops, jobs, keep, njudges;
	struct avoid avoid;
	const char *user;			/* NULL: who started us */
	const struct judge *judges[MAX_JUDGES];	/* [0] is the kernel */
} options = { .from = 1, .to = 100, .ops = 200, .jobs = 2, .keep = 1,
	      .njudges = 1, .judges = { &all_judges[0] } };

static char folder[] = "/tmp/differ.XXXXXX";

/* A scenario on its way through the judges. */
struct job {
	uint64_t seed;
	struct lines lines;
	int slot;
	pid_t pids[MAX_JUDGES];
	int running;
};

static void path_of(char path[128], int slot, const char *what)
{
	snprintf(path, 128, "%s/%d.%s", folder, slot, what);
}

static void write_case(const char *path, uint64_t seed,
		       const struct lines *lines)
{
	FILE *file = fopen(path, "w");

	if (!file)
		err(2, "%s", path);
	fprintf(file, "case seed_%" PRIu64 "\n", seed);
	for (int i = 0; i < lines->count; i++)
		fprintf(file, "\t%s\n", lines->line[i]);
	if (fclose(file))
		err(2, "%s", path);
}

/* Judges */

static _Noreturn void exec_judge(const struct judge *judge, bool arena,
				 char *file)
{
	char engine[64], under[1024], user[64], print[] = "--print",
		arena_word[] = "--arena", name[512];
	char *argv[9];
	int n = 0;

	snprintf(name, sizeof(name), "%s", options.scenario);
	snprintf(engine, sizeof(engine), "--engine=%s", judge->engine);
	snprintf(under, sizeof(under),
		 "--under=%s --seccomp-bpf=%s --self-check", options.shmtrace,
		 judge->mode ? judge->mode : "");
	argv[n++] = name;
	argv[n++] = print;
	argv[n++] = engine;
	if (judge->mode)
		argv[n++] = under;
	if (arena)
		argv[n++] = arena_word;
	if (options.user) {
		snprintf(user, sizeof(user), "--user=%s", options.user);
		argv[n++] = user;
	}
	argv[n++] = file;
	argv[n] = NULL;
	execv(argv[0], argv);
	err(127, "%s", argv[0]);
}

static pid_t start_judge(const struct judge *judge, uint64_t seed, int slot)
{
	char file[128], out[128];
	pid_t pid;

	path_of(file, slot, "case");
	path_of(out, slot, judge->name);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			err(2, "%s", out);
		exec_judge(judge, generate_uses_arena(seed), file);
	}
	return pid;
}

static char *read_all(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) < 0)
		err(2, "%s", path);
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		err(2, "malloc");
	n = read(fd, text, (size_t)status.st_size);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return text;
}

/* Lines up to the first that differs; -1: equal. */
static int first_difference(const char *a, const char *b)
{
	int line = 0;

	while (*a && *a == *b) {
		line += *a == '\n';
		a++, b++;
	}
	return *a == *b ? -1 : line;
}

/* The kernel must have answered each step: two that could not begin agree. */
static void must_have_run(const struct job *job)
{
	char path[128];
	char *text;
	int lines = 0;

	path_of(path, job->slot, options.judges[0]->name);
	text = read_all(path);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	if (lines < job->lines.count)
		errx(2, "the kernel was not asked for seed %" PRIu64 ": %.*s",
		     job->seed, (int)strcspn(text, "\n"), text);
	free(text);
}

static int compare(int slot, const struct judge *judge)
{
	char path[128];
	char *expected, *got;
	int line;

	path_of(path, slot, options.judges[0]->name);
	expected = read_all(path);
	path_of(path, slot, judge->name);
	got = read_all(path);
	line = first_difference(expected, got);
	free(expected);
	free(got);
	return line;
}

/* Shrinking */

static int trials;

static bool still_differs(uint64_t seed, const struct lines *lines,
			  const struct judge *judge)
{
	int slot = MAX_JOBS;
	char path[128];
	pid_t kernel, other;

	trials++;
	path_of(path, slot, "case");
	write_case(path, seed, lines);
	kernel = start_judge(options.judges[0], seed, slot);
	other = start_judge(judge, seed, slot);
	if (waitpid(kernel, NULL, 0) < 0 || waitpid(other, NULL, 0) < 0)
		err(2, "waitpid");
	return compare(slot, judge) >= 0;
}

static void without(const struct lines *from, int at, int n, struct lines *to)
{
	memcpy(to->line, from->line, (size_t)at * MAX_LINE);
	memcpy(to->line + at, from->line + at + n,
	       (size_t)(from->count - at - n) * MAX_LINE);
	to->count = from->count - n;
}

/* Leaves out pieces of n steps as long as the difference stays. */
static bool leave_out(uint64_t seed, struct lines *lines,
		      struct lines *trial, const struct judge *judge, int n)
{
	bool shorter = false;

	for (int at = lines->count - n; at >= 0 && trials < MAX_TRIALS;
	     at -= n) {
		if (at + n > lines->count)
			continue;
		without(lines, at, n, trial);
		if (!still_differs(seed, trial, judge))
			continue;
		memcpy(lines->line, trial->line,
		       (size_t)trial->count * MAX_LINE);
		lines->count = trial->count;
		shorter = true;
	}
	return shorter;
}

static void shrink(uint64_t seed, struct lines *lines,
		   const struct judge *judge)
{
	struct lines trial = { .room = lines->room };
	int n = lines->count / 2;

	trial.line = malloc((size_t)lines->room * MAX_LINE);
	if (!trial.line)
		err(2, "malloc");
	trials = 0;
	while (n >= 1 && trials < MAX_TRIALS) {
		bool shorter = leave_out(seed, lines, &trial, judge, n);

		if (n > 1)
			n /= 2;
		else if (!shorter)
			break;
	}
	free(trial.line);
}

/* The two outcomes, where they part. */
static void show_outcomes(int slot, const struct judge *judge)
{
	char path[128];
	int line = compare(slot, judge);

	for (int i = 0; i < 2; i++) {
		const char *name = i ? judge->name : options.judges[0]->name;
		char *text, *at;

		path_of(path, slot, name);
		text = at = read_all(path);
		for (int k = 0; k < line && strchr(at, '\n'); k++)
			at = strchr(at, '\n') + 1;
		printf("\t%s: %.*s\n", name, (int)strcspn(at, "\n"), at);
		free(text);
	}
}

static void report(const struct job *job, const struct judge *judge)
{
	struct lines lines = { .count = job->lines.count,
			       .room = job->lines.room };

	lines.line = malloc((size_t)lines.room * MAX_LINE);
	if (!lines.line)
		err(2, "malloc");
	memcpy(lines.line, job->lines.line, (size_t)lines.count * MAX_LINE);
	printf("DIFFERENCE seed %" PRIu64 ": %s\n", job->seed, judge->name);
	show_outcomes(job->slot, judge);
	fflush(stdout);
	if (!still_differs(job->seed, &lines, judge)) {
		printf("not again when repeated: timing plays a role\n");
	} else {
		shrink(job->seed, &lines, judge);
		still_differs(job->seed, &lines, judge);
		printf("short%s:\n", generate_uses_arena(job->seed) ?
				     " (with --arena)" : "");
		for (int i = 0; i < lines.count; i++)
			printf("\t%s\n", lines.line[i]);
		show_outcomes(MAX_JOBS, judge);
	}
	printf("repeat: make diff SEEDS=%" PRIu64 " OPS=%d JUDGES=%s%s%s\n",
	       job->seed, options.ops, judge->name,
	       options.user ? " RUN_AS=" : "",
	       options.user ? options.user : "");
	fflush(stdout);
	lines_free(&lines);
}

/* The run */

static struct job jobs[MAX_JOBS];
static uint64_t next_seed;
static int passed, failed;

static void start_job(struct job *job, int slot)
{
	char path[128];

	job->seed = next_seed++;
	job->slot = slot;
	job->lines.count = 0;
	generate(job->seed, options.ops, &options.avoid, &job->lines);
	path_of(path, slot, "case");
	write_case(path, job->seed, &job->lines);
	for (int i = 0; i < options.njudges; i++)
		job->pids[i] = start_judge(options.judges[i], job->seed, slot);
	job->running = options.njudges;
}

static void finish_job(const struct job *job)
{
	bool same = true;

	must_have_run(job);
	for (int i = 1; i < options.njudges; i++) {
		if (compare(job->slot, options.judges[i]) < 0)
			continue;
		same = false;
		report(job, options.judges[i]);
	}
	if (same)
		passed++;
	else
		failed++;
}

static struct job *job_of(pid_t pid)
{
	for (int i = 0; i < options.jobs; i++)
		for (int k = 0; jobs[i].running && k < options.njudges; k++)
			if (jobs[i].pids[k] == pid)
				return &jobs[i];
	return NULL;
}

static void run(void)
{
	int running = 0;

	next_seed = options.from;
	for (;;) {
		struct job *job;
		pid_t pid;

		for (int i = 0; i < options.jobs; i++) {
			if (jobs[i].running || next_seed > options.to ||
			    failed >= options.keep)
				continue;
			start_job(&jobs[i], i);
			running++;
		}
		if (!running)
			return;
		pid = waitpid(-1, NULL, 0);
		job = job_of(pid);
		if (!job || --job->running)
			continue;
		running--;
		if (failed < options.keep)
			finish_job(job);
	}
}

/* Options */

static void take_judges(char *text)
{
	char *save;

	for (char *name = strtok_r(text, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		size_t i = 1;

		while (i < sizeof(all_judges) / sizeof(all_judges[0]) &&
		       strcmp(all_judges[i].name, name) != 0)
			i++;
		if (i == sizeof(all_judges) / sizeof(all_judges[0]) ||
		    options.njudges == MAX_JUDGES)
			errx(2, "no such judge: %s", name);
		options.judges[options.njudges++] = &all_judges[i];
	}
}

static void take_seeds(const char *text)
{
	char *end;

	options.from = options.to = strtoull(text, &end, 10);
	if (*end == '-')
		options.to = strtoull(end + 1, NULL, 10);
}

static const struct option table[] = {
	{ "scenario", required_argument, NULL, 's' },
	{ "shmtrace", required_argument, NULL, 't' },
	{ "seeds", required_argument, NULL, 'r' },
	{ "ops", required_argument, NULL, 'o' },
	{ "judges", required_argument, NULL, 'j' },
	{ "jobs", required_argument, NULL, 'n' },
	{ "keep", required_argument, NULL, 'k' },
	{ "user", required_argument, NULL, 'u' },
	{ NULL, 0, NULL, 0 },
};

static void take_option(int option)
{
	switch (option) {
	case 's':
		options.scenario = optarg;
		return;
	case 't':
		options.shmtrace = optarg;
		return;
	case 'r':
		take_seeds(optarg);
		return;
	case 'o':
		options.ops = atoi(optarg);
		return;
	case 'j':
		take_judges(optarg);
		return;
	case 'n':
		options.jobs = atoi(optarg);
		return;
	case 'k':
		options.keep = atoi(optarg);
		return;
	case 'u':
		options.user = optarg;
		return;
	default:
		exit(2);
	}
}

static bool kernel_is_before(int major, int minor)
{
	struct utsname name;
	int its_major, its_minor;

	if (uname(&name) < 0 ||
	    sscanf(name.release, "%d.%d", &its_major, &its_minor) != 2)
		errx(2, "no release of the kernel");
	return its_major < major || (its_major == major && its_minor < minor);
}

static void clean_up(void)
{
	char path[128];

	for (int slot = 0; slot <= MAX_JOBS; slot++) {
		path_of(path, slot, "case");
		unlink(path);
		for (int i = 0; i < MAX_JUDGES; i++) {
			path_of(path, slot, all_judges[i].name);
			unlink(path);
		}
	}
	rmdir(folder);
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		take_option(option);
	if (!options.scenario || options.jobs < 1 || options.jobs > MAX_JOBS)
		errx(2, "usage: see the head of the source");
	if (access(options.scenario, X_OK) < 0)
		err(2, "%s", options.scenario);
	if (options.user && geteuid() != 0)
		errx(2, "--user needs root");
	options.avoid.root = options.user != NULL;
	options.avoid.changed = kernel_is_before(6, 17);
	/* whoever it is must read the scenarios */
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		err(2, "%s", folder);
	run();
	clean_up();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
