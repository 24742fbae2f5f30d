// SPDX-License-Identifier: MIT
/*
 * main.c - run the cases of scenario files and sum up.
 *
 * Each case runs in a process of its own and, with the real kernel, in a
 * fresh IPC namespace: as an ordinary user by way of a user namespace.
 */
#include "scenario.h"

#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A case may take as long as so many steps. */
enum { CASE_STEPS = 6, MAX_JOBS = 64 };

static struct {
	const struct engine *engine;
	const char *under;
	const char *only;
	const char *name;
	long user;		/* -1: as we are */
	int jobs;
	bool print, verbose, traced;
} options = { .engine = &engine_sys, .user = -1, .jobs = 8 };

static int count[3];

/* A fresh IPC namespace */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		warn("%s", path);
	if (fd >= 0)
		close(fd);
}

static void drop_all_caps(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	memset(data, 0, sizeof(data));
	syscall(SYS_capset, &header, data);
}

/* The same user in a user namespace, without its capabilities. */
static bool enter_user_namespace(void)
{
	char map[64], gmap[64];

	snprintf(map, sizeof(map), "%u %u 1", geteuid(), geteuid());
	snprintf(gmap, sizeof(gmap), "%u %u 1", getegid(), getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) < 0)
		return false;
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/gid_map", gmap);
	drop_all_caps();
	return true;
}

static void become_user(void)
{
	uid_t uid = (uid_t)options.user;

	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		err(2, "cannot become user %u", uid);
	prctl(PR_SET_DUMPABLE, 1);
}

/* Under shmtrace too when that is free: what it should fail to catch must
   not reach the host's segments. */
static bool isolate(void)
{
	bool isolated = true;

	if (options.engine != &engine_sys || options.traced)
		return true;
	if (geteuid() == 0)
		isolated = unshare(CLONE_NEWIPC) == 0;
	else if (!options.under)
		isolated = enter_user_namespace();
	if (isolated && options.user >= 0)
		become_user();
	return isolated;
}

/* One case */

static _Noreturn void run_under(const struct scenario *scenario)
{
	char command[1024], self[512], file[512];
	char *argv[64];
	int argc = 0;
	char *save;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	snprintf(command, sizeof(command), "%s", options.under);
	for (char *word = strtok_r(command, " ", &save); word && argc < 32;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc++] = self;
	snprintf(file, sizeof(file), "%s", scenario->file);
	char traced[] = "--traced", print[] = "--print", arena[] = "--arena",
	     name[512], only[512], window[64];

	snprintf(name, sizeof(name), "--name=%s", options.name);
	snprintf(only, sizeof(only), "--case=%s", scenario->name);
	snprintf(window, sizeof(window), "--window=%#llx",
		 (unsigned long long)layout.window);
	argv[argc++] = traced;
	argv[argc++] = name;
	argv[argc++] = only;
	argv[argc++] = window;
	if (options.print)
		argv[argc++] = print;
	if (layout.arena != ARENA_NO)
		argv[argc++] = arena;
	argv[argc++] = file;
	argv[argc] = NULL;
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

static _Noreturn void run_here(const struct scenario *scenario)
{
	enum verdict verdict;

	if (!isolate()) {
		printf("SKIP %s: no IPC namespace: needs CAP_SYS_ADMIN or "
		       "user namespaces\n", scenario->name);
		fflush(stdout);
		_exit(SKIPPED);
	}
	if (options.under && !options.traced) {
		fflush(stdout);
		run_under(scenario);
	}
	verdict = scenario_run(scenario, options.engine, options.name,
			       options.print);
	fflush(stdout);
	/* exit() writes gcov's counters, and has LSan look at emul/. */
	if (options.engine == &engine_emul)
		exit((int)verdict);
	_exit((int)verdict);
}

static enum verdict judge(const struct scenario *scenario, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) <= SKIPPED)
		return (enum verdict)WEXITSTATUS(status);
	printf("FAIL %s:%d: %s on %s: %s %d\n", scenario->file,
	       scenario->line, scenario->name, options.name,
	       WIFEXITED(status) ? "exit status" : "killed by signal",
	       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return FAILED;
}

/* Several cases at once: most of their time goes to waiting for a second
   to pass. */
static struct job {
	const struct scenario *scenario;	/* NULL: free */
	pid_t pid;
	int pidfd;
} jobs[MAX_JOBS];

static void finish(struct job *job)
{
	enum verdict verdict;
	int status;

	if (waitpid(job->pid, &status, 0) < 0)
		err(2, "waitpid");
	verdict = judge(job->scenario, status);
	count[verdict]++;
	if (options.verbose && verdict == PASSED)
		printf("ok %s\n", job->scenario->name);
	close(job->pidfd);
	job->scenario = NULL;
}

static void give_up(void)
{
	for (int i = 0; i < options.jobs; i++) {
		if (!jobs[i].scenario)
			continue;
		printf("FAIL %s:%d: %s on %s: no case ended in %d s\n",
		       jobs[i].scenario->file, jobs[i].scenario->line,
		       jobs[i].scenario->name, options.name,
		       CASE_STEPS * deadline_ms() / 1000);
		kill(jobs[i].pid, SIGKILL);
	}
}

/* Waits until at least one job is free. */
static void await_one(void)
{
	struct pollfd ended[MAX_JOBS];

	for (int i = 0; i < options.jobs; i++)
		ended[i] = (struct pollfd){
			.fd = jobs[i].scenario ? jobs[i].pidfd : -1,
			.events = POLLIN };
	if (poll(ended, (nfds_t)options.jobs,
		 CASE_STEPS * deadline_ms()) == 0) {
		give_up();
		poll(ended, (nfds_t)options.jobs, -1);
	}
	for (int i = 0; i < options.jobs; i++)
		if (jobs[i].scenario && ended[i].revents)
			finish(&jobs[i]);
}

static struct job *free_job(void)
{
	for (int i = 0; i < options.jobs; i++)
		if (!jobs[i].scenario)
			return &jobs[i];
	return NULL;
}

static bool any_job(void)
{
	for (int i = 0; i < options.jobs; i++)
		if (jobs[i].scenario)
			return true;
	return false;
}

static void start_case(const struct scenario *scenario)
{
	struct job *job;

	while (!(job = free_job()))
		await_one();
	fflush(NULL);
	job->pid = fork();
	if (job->pid < 0)
		err(2, "fork");
	if (job->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_here(scenario);
	}
	job->scenario = scenario;
	job->pidfd = (int)syscall(SYS_pidfd_open, job->pid, 0);
	if (job->pidfd < 0)
		err(2, "pidfd_open");
}

static void run_file(const char *file)
{
	int n;
	struct scenario *list = parse_file(file, &n);

	for (int i = 0; i < n; i++) {
		if (options.only && strcmp(options.only, list[i].name) != 0)
			continue;
		if (options.traced)
			run_here(&list[i]);
		start_case(&list[i]);
	}
	while (any_job())
		await_one();
	scenarios_free(list, n);
}

/* Options */

static const char usage[] =
	"usage: scenario [options] FILE...\n"
	"  --engine=sys|emul  who is asked (sys)\n"
	"  --under=COMMAND    each case in its own run of COMMAND\n"
	"  --user=UID         as an ordinary user (wants root)\n"
	"  --case=NAME        this one only\n"
	"  --jobs=N           cases at once (8)\n"
	"  --window=ADDR      where W lies\n"
	"  --arena            W lies where shmtrace puts attachments\n"
	"  --print            no expectations: print every outcome\n"
	"  --verbose          name the cases that pass, too\n"
	"  --name=WORD        what this run is called in messages\n"
	"\n"
	"A step: [P:] [variable =] verb words [-> expected]\n"
	"FIELD=N compares a field; NOTICE, how the end is noticed, is one of\n"
	"wait, nowait, pidfd, eof.  The verbs:\n";

static _Noreturn void help(void)
{
	fputs(usage, stdout);
	verbs_print();
	exit(0);
}

static const struct option table[] = {
	{ "engine", required_argument, NULL, 'e' },
	{ "under", required_argument, NULL, 'u' },
	{ "user", required_argument, NULL, 'U' },
	{ "case", required_argument, NULL, 'c' },
	{ "window", required_argument, NULL, 'w' },
	{ "name", required_argument, NULL, 'n' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "print", no_argument, NULL, 'p' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "arena", no_argument, NULL, 'a' },
	{ "traced", no_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void take_option(int option)
{
	switch (option) {
	case 'e':
		options.engine = !strcmp(optarg, "emul") ? &engine_emul :
							   &engine_sys;
		return;
	case 'u':
		options.under = optarg;
		return;
	case 'U':
		options.user = atol(optarg);
		return;
	case 'c':
		options.only = optarg;
		return;
	case 'w':
		layout.window = strtoull(optarg, NULL, 0);
		return;
	case 'n':
		options.name = optarg;
		return;
	case 'j':
		options.jobs = atoi(optarg);
		return;
	case 'a':
		layout.arena = ARENA_TRY;
		return;
	case 'p':
		options.print = true;
		options.jobs = 1;
		return;
	case 'v':
		options.verbose = true;
		return;
	case 't':
		options.traced = true;
		return;
	case 'h':
		help();
	default:
		exit(2);
	}
}

static void default_name(void)
{
	if (options.under)
		options.name = "shmtrace";
	else
		options.name = options.engine == &engine_sys ? "Linux" :
							       "emul";
}

int main(int argc, char **argv)
{
	int option;

	if (argc > 2 && !strcmp(argv[1], "--worker"))
		worker_restart(argv[2]);
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		take_option(option);
	if (options.jobs < 1 || options.jobs > MAX_JOBS)
		options.jobs = 1;
	layout_init();
	/* An exec of a program that is not traced may have put something
	   else there. */
	if (layout.arena == ARENA_TRY &&
	    (options.traced || options.engine == &engine_emul))
		layout.arena = ARENA_USE;
	if (!options.name)
		default_name();
	for (int i = optind; i < argc; i++)
		run_file(argv[i]);
	if (options.print)
		return count[FAILED] != 0;
	printf("%d passed, %d failed", count[PASSED], count[FAILED]);
	if (count[SKIPPED])
		printf(", %d skipped", count[SKIPPED]);
	printf("\n");
	return count[FAILED] != 0;
}
