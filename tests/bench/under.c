// SPDX-License-Identifier: MIT
/*
 * under.c - what shmtrace is compared with, around the same program.
 *
 *	under native PROGRAM	an IPC namespace of its own
 *	under bare PROGRAM	the same, and shmtrace's filter without a
 *				tracer: all that would stop is allowed
 *	under floor PROGRAM	the floor: a tracer with the same filter and
 *				the same events, which cancels the calls of
 *				shared memory and does nothing else
 *
 * The filter is shmtrace's own, so that its length and order are the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/arch.h"
#include "tracer/remote/seize.h"
#include "tracer/stops/filter.h"
#include "tracer/stops/stop.h"

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- filter ---- */

/* All but "allow" becomes this; notifications too are stops for the floor. */
static void replace_answers(struct filter *filter, uint32_t action)
{
	for (unsigned i = 0; i < filter->len; i++)
		if (filter->code[i].code == (BPF_RET | BPF_K) &&
		    filter->code[i].k != SECCOMP_RET_ALLOW)
			filter->code[i].k = action;
}

static int set_filter(const struct config *conf, uint32_t action)
{
	struct filter filter;
	struct sock_fprog program = { .filter = filter.code };

	filter_build(&filter, conf);
	program.len = filter.len;
	replace_answers(&filter, action);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static void install_filter(uint32_t action)
{
	struct config conf = {
		.arena_start = arch_windows[0].start,
		.arena_end = arch_windows[0].start + arch_windows[0].len,
		.page_size = (uint64_t)sysconf(_SC_PAGESIZE),
		.cookie = UINT64_C(0x5eed5eed5eed5eed),
		.use_filter = true,
	};

	if (set_filter(&conf, action) == 0)
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	conf.hide_no_new_privs = true;
	if (set_filter(&conf, action) < 0)
		fail("cannot install a filter");
}

/* ---- the floor ---- */

static bool is_shm(int64_t nr)
{
	return nr == SYS_shmget || nr == SYS_shmctl || nr == SYS_shmat ||
	       nr == SYS_shmdt;
}

static void cancel(pid_t tid)
{
	struct arch_regs regs;
	struct arch_call call;

	if (arch_fetch(tid, &regs, &call) == 0 && is_shm(call.nr))
		arch_cancel(tid, &regs, 0);
}

static void handle(pid_t tid, int status)
{
	int sig;
	enum stop stop = stop_classify(status, &sig);

	if (stop == STOP_DEAD)
		return;
	if (stop == STOP_GROUP) {
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		return;
	}
	if (stop == STOP_SECCOMP)
		cancel(tid);
	if (stop != STOP_SIGNAL)
		sig = 0;
	ptrace(PTRACE_CONT, tid, NULL, (void *)(long)sig);
}

/* Until the last one has ended: how the first one did. */
static int trace(pid_t first)
{
	int status, result = 0;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (tid == first && !WIFSTOPPED(status))
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		handle(tid, status);
	}
	return result;
}

_Noreturn static void run(char **argv)
{
	execvp(argv[0], argv);
	fail(argv[0]);
}

static int run_under_floor(char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		install_filter(SECCOMP_RET_TRACE);
		raise(SIGSTOP);
		run(argv);
	}
	if (waitpid(pid, NULL, WUNTRACED) != pid ||
	    ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_ALL_OPTIONS) < 0)
		fail("cannot trace");
	kill(pid, SIGCONT);
	return trace(pid);
}

/* ---- natively ---- */

/* As many segments as there can be; a kernel without them says so later. */
static void new_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWIPC) < 0 && errno != EINVAL &&
	    unshare(CLONE_NEWUSER | CLONE_NEWIPC) < 0)
		fail("cannot make an IPC namespace");
	fd = open("/proc/sys/kernel/shmmni", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "32768", 5) < 0)
			perror("shmmni");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "floor") == 0)
		return run_under_floor(argv + 2);
	new_namespace();
	if (strcmp(argv[1], "bare") == 0)
		install_filter(SECCOMP_RET_ALLOW);
	run(argv + 2);
}
