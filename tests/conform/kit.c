// SPDX-License-Identifier: MIT
/*
 * kit.c - main, messages and the everyday steps of the conformance programs.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE = 40000 };	/* ms; the runner's own is longer */

static void put_line(const char *prefix, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void put_line(const char *prefix, const char *fmt, va_list args)
{
	char line[4096];
	size_t len = (size_t)snprintf(line, sizeof(line), "%s", prefix);
	ssize_t written;

	vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	len = strlen(line);
	line[len++] = '\n';
	do
		written = write(STDOUT_FILENO, line, len);
	while (written < 0 && errno == EINTR);
}

void say(const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	va_start(args, fmt);
	put_line("", fmt, args);
	va_end(args);
	errno = saved;
}

void claim(bool truth, const char *fmt, ...)
{
	int saved = errno;
	va_list args;

	if (truth)
		return;
	va_start(args, fmt);
	put_line("wrong: ", fmt, args);
	va_end(args);
	errno = saved;
}

void say_result(const char *what, long result)
{
	if (result == -1)
		say("%s = -1 %s", what, error_name(errno));
	else
		say("%s = %ld", what, result);
}

void broken(const char *what)
{
	say("broken: %s: %s", what, error_name(errno));
	_exit(BROKEN);
}

void skip(const char *why)
{
	say("skip: %s", why);
	_exit(SKIPPED);
}

const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "?";
}

const char *status_name(int status)
{
	static char text[64];
	const char *name = NULL;

	if (WIFEXITED(status)) {
		snprintf(text, sizeof(text), "exit %d", WEXITSTATUS(status));
		return text;
	}
	if (WIFCONTINUED(status))
		return "continued";
	int sig = WIFSTOPPED(status) ? WSTOPSIG(status) : WTERMSIG(status);
	if (sig < SIGRTMIN)
		name = sigabbrev_np(sig);
	if (name)
		snprintf(text, sizeof(text), "%s %s",
			 WIFSTOPPED(status) ? "stopped" : "signal", name);
	else
		snprintf(text, sizeof(text), "%s %d",
			 WIFSTOPPED(status) ? "stopped" : "signal", sig);
	return text;
}

size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int segment(size_t size)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	if (id < 0)
		broken("shmget");
	return id;
}

void *attach(int id)
{
	void *addr = shmat(id, NULL, 0);

	if ((intptr_t)addr == -1)
		broken("shmat");
	return addr;
}

void detach(const void *addr)
{
	if (shmdt(addr) < 0)
		broken("shmdt");
}

void *shared(size_t size)
{
	return attach(segment(size));
}

long nattch(int id)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds) < 0)
		return -errno;
	return (long)ds.shm_nattch;
}

static const char *trip(int id)
{
	volatile char *mine = shmat(id, NULL, 0);
	volatile char *other;

	if ((intptr_t)mine == -1)
		return "shmat failed";
	other = shmat(id, NULL, SHM_RDONLY);
	if ((intptr_t)other == -1)
		return "second shmat failed";
	mine[1] = 42;
	if (other[1] != 42)
		return "memory is not shared";
	if (nattch(id) != 2)
		return "nattch is not 2";
	if (shmdt((const void *)(uintptr_t)mine) < 0 ||
	    shmdt((const void *)(uintptr_t)other) < 0)
		return "shmdt failed";
	return "round trip ok";
}

void need_linux(int major, int minor)
{
	struct utsname name;
	int has_major = 0, has_minor = 0;

	if (uname(&name) < 0 ||
	    sscanf(name.release, "%d.%d", &has_major, &has_minor) != 2)
		broken("uname");
	if (has_major < major || (has_major == major && has_minor < minor))
		skip("this kernel is older than the rule");
}

const char *round_trip(void)
{
	int id = shmget(IPC_PRIVATE, page_size(), IPC_CREAT | 0600);
	const char *verdict;

	if (id < 0)
		return "shmget failed";
	verdict = trip(id);
	if (shmctl(id, IPC_RMID, NULL) < 0)
		return "IPC_RMID failed";
	return verdict;
}

pid_t start(void (*run)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		broken("fork");
	if (pid)
		return pid;
	run(arg);
	_exit(0);
}

int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			broken("waitpid");
	return status;
}

void say_reaped(const char *what, pid_t pid)
{
	say("%s: %s", what, status_name(reap(pid)));
}

char **wrapped_command(const char *name)
{
	static char self[4096], *argv[16];
	const char *wrap = getenv("WRAP");
	int argc = 0;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		broken("readlink");
	for (char *word = strtok(strdup(wrap ? wrap : ""), " ");
	     word && argc < 12; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc++] = self;
	argv[argc++] = strdup(name);
	argv[argc] = NULL;
	return argv;
}

void gate_init(struct gate *gate)
{
	if (pipe2(gate->fd, O_CLOEXEC) < 0)
		broken("pipe");
}

void gate_open(const struct gate *gate)
{
	if (write(gate->fd[1], "", 1) != 1)
		broken("write to a gate");
}

void gate_pass(const struct gate *gate, const char *what)
{
	char byte;
	ssize_t got;

	await(gate->fd[0], POLLIN, what);
	do
		got = read(gate->fd[0], &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		broken(what);
}

short await(int fd, short events, const char *what)
{
	struct pollfd polled = { .fd = fd, .events = events };
	int got;

	do
		got = poll(&polled, 1, DEADLINE);
	while (got < 0 && errno == EINTR);
	if (got == 1)
		return polled.revents;
	errno = got ? errno : ETIMEDOUT;
	broken(what);
}

const char *file_text(const char *path)
{
	static char text[1 << 18];
	size_t len = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && len < sizeof(text) - 1) {
		got = read(fd, text + len, sizeof(text) - 1 - len);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	text[len] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

const char *status_field(const char *name)
{
	static char value[256];
	const char *line = file_text("/proc/self/status");
	size_t len = strlen(name);

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			snprintf(value, sizeof(value), "%s", line + len + 2);
			value[strcspn(value, "\n")] = 0;
			return value;
		}
		if (!*line)
			break;
	}
	return "absent";
}

static int list(void)
{
	static const char *const judges[] = {
		[NATIVE] = "native", [FILTERED] = "filtered",
		[OURS] = "ours", [PLAIN] = "plain", [WRAPPED] = "wrapped",
		[DRIVER] = "driver",
	};

	for (const struct test *test = tests; test->name; test++)
		if (test->judge != HIDDEN)
			say("%s %s", judges[test->judge], test->name);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return list();
	for (const struct test *test = tests; test->name; test++)
		if (strcmp(test->name, argv[1]) == 0) {
			test->run(test->arg);
			return 0;
		}
	say("broken: no case '%s'", argv[1]);
	return BROKEN;
}
