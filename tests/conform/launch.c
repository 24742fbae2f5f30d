// SPDX-License-Identifier: MIT
/*
 * launch.c - run a command as a test: in a fresh IPC namespace, with a
 * deadline, and with a look at what is left when it has ended.
 *
 *	launch [-u UID] [-s] SECONDS COMMAND [ARGUMENT...]
 *
 * Waits for the command and for every process that it leaves behind, then
 * prints "exit N" or "signal N"; before it the processes that had to be
 * killed at the deadline, after it (-s) the segments that are left in the
 * namespace, where shmtrace must never make one.  Prints "skip: WHY" where
 * there is no namespace to be had.
 */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIPPED = 77, SETUP_FAILED = 98 };

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
	exit(SETUP_FAILED);
}

/* What the runner counts as a case that cannot be run here. */
static _Noreturn void skip(const char *why)
{
	printf("skip: %s\n", why);
	exit(SKIPPED);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		fail(path);
}

/* Without privilege the namespace comes with a user namespace. */
static void enter_namespace(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWIPC) == 0)
		return;
	if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) < 0)
		skip("no IPC namespace: needs CAP_SYS_ADMIN or "
		     "user namespaces");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1\n", (unsigned)uid, (unsigned)uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1\n", (unsigned)gid, (unsigned)gid);
	write_file("/proc/self/gid_map", map);
}

static void become(const char *user)
{
	uid_t uid = (uid_t)strtoul(user, NULL, 10);

	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		fail("cannot change the user");
}

static pid_t parent_of(pid_t pid, char *line, size_t size)
{
	char path[64], state;
	const char *rest;
	int parent = 0;
	FILE *file;

	line[0] = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(line, (int)size, file)) {
		rest = strrchr(line, ')');
		if (!rest || sscanf(rest + 1, " %c %d", &state, &parent) != 2)
			parent = 0;
		line[strcspn(line, "\n")] = 0;
	}
	fclose(file);
	return parent;
}

static void show_task(pid_t pid)
{
	static const char *const files[] = { "wchan", "syscall" };
	char path[64], text[256];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		FILE *file = fopen(path, "re");

		if (file && fgets(text, sizeof(text), file)) {
			text[strcspn(text, "\n")] = 0;
			printf("  %s", text);
		}
		if (file)
			fclose(file);
	}
	printf("\n");
}

/* All descendants, in any order: show or kill them. */
static void visit_descendants(pid_t self, void (*visit)(pid_t, const char *))
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char line[512] = "", other[512] = "";

	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);
		pid_t up = pid;

		for (int depth = 0; up > 1 && depth < 1000; depth++) {
			up = parent_of(up, depth ? other : line, 512);
			if (up == self) {
				visit(pid, line);
				break;
			}
		}
	}
	if (proc)
		closedir(proc);
}

static void show(pid_t pid, const char *line)
{
	printf("left: %.60s", line);
	show_task(pid);
}

static void destroy(pid_t pid, const char *line)
{
	(void)line;
	kill(pid, SIGKILL);
}

static volatile sig_atomic_t expired;

static void on_alarm(int sig)
{
	(void)sig;
	expired = 1;
}

/* Until no process is left; the status of the first one. */
static int wait_for_all(pid_t first)
{
	int status, result = 0;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, __WALL);
		if (pid == first)
			result = status;
		if (pid < 0 && errno == ECHILD)
			return result;
		if (expired == 1) {
			expired = 2;
			printf("late: not ended at the deadline\n");
			visit_descendants(getpid(), show);
		}
		if (expired)
			visit_descendants(getpid(), destroy);
	}
}

static void show_segments(void)
{
	char line[512];
	FILE *file = fopen("/proc/sysvipc/shm", "re");

	if (!file || !fgets(line, sizeof(line), file))
		return;
	while (fgets(line, sizeof(line), file))
		printf("segment: %s", line);
	fclose(file);
}

/* A shell's background job ignores SIGINT: not so the cases. */
static void usual_signals(void)
{
	static const int signals[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGTSTP, SIGTTIN,
		SIGTTOU, SIGCHLD,
	};
	sigset_t none;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static pid_t run(char **argv, const char *user)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid)
		return pid;
	usual_signals();
	if (user)
		become(user);
	execvp(argv[0], argv);
	fail(argv[0]);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_interval.tv_sec = 1 };
	struct rlimit none = { 0, 0 };
	const char *user = NULL;
	bool segments = false;
	int option, status;
	pid_t pid;

	while ((option = getopt(argc, argv, "+u:s")) != -1)
		if (option == 'u')
			user = optarg;
		else
			segments = true;
	argv += optind - 1;
	if (argc - optind < 2)
		fail("usage: launch [-u UID] [-s] SECONDS COMMAND");
	close_range(3, ~0U, 0);
	/* A group whose members' parents are all of other sessions is orphaned
	   and does not stop for SIGTSTP.  In a group of its own the case has
	   us, and we the runner, whoever started that. */
	setpgid(0, 0);
	enter_namespace();
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = run(argv + 2, user);
	sigaction(SIGALRM, &action, NULL);
	timer.it_value.tv_sec = atoi(argv[1]);
	setitimer(ITIMER_REAL, &timer, NULL);
	status = wait_for_all(pid);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("exit %d\n", WEXITSTATUS(status));
	if (segments)
		show_segments();
	return expired ? 1 : 0;
}
