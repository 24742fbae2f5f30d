// SPDX-License-Identifier: MIT
/*
 * probe.c - a child process makes the four shared-memory calls: a mode works if
 * the calls stop and the tracer's answers arrive.
 *
 * An outer seccomp filter that answers the calls by ERRNO, TRAP or KILL takes
 * precedence over the TRACE of the tracer's filter: then no seccomp stop comes.
 * Entry stops come before seccomp (Linux 4.8), and the outer filter sees the
 * number that the tracer has put in.
 */
#include "tracer/probe.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/remote/remote.h"
#include "tracer/spawn.h"
#include "tracer/stops/stops.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

#define MAGIC 0x5359 /* an answer that no kernel gives */

enum verdict { WORKS, NO_FILTER, NO_STOP, NO_PTRACE };

/* Makes calls that change nothing when the kernel answers them. */
static bool gets_our_answers(void)
{
	return syscall(SYS_shmget, 0, 0, 0) == MAGIC &&
	       syscall(SYS_shmat, -1, 0, 0) == MAGIC &&
	       syscall(SYS_shmctl, -1, 0, 0) == MAGIC &&
	       syscall(SYS_shmdt, 1) == MAGIC;
}

static bool is_probed(int64_t nr)
{
	return nr == SYS_shmget || nr == SYS_shmat || nr == SYS_shmctl ||
	       nr == SYS_shmdt;
}

_Noreturn static void probed_child(int socket, const struct config *conf)
{
	struct spawn_report report = { 0 };
	int listener = -1;
	char byte;

	if (conf->use_filter)
		listener = spawn_install(conf, &report);
	if (spawn_send_report(socket, &report, listener) < 0 ||
	    recv(socket, &byte, 1, 0) != 1)
		_exit(1);
	_exit(gets_our_answers() ? 0 : 1);
}

/* Answer the child's calls until it ends: did the answers arrive? */
static bool answers_arrive(struct task *task, bool filtered)
{
	int status, sig;

	while (waitpid(task->tid, &status, __WALL) == task->tid) {
		switch (stop_classify(status, &sig)) {
		case STOP_DEAD:
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		case STOP_SECCOMP:
		case STOP_SYSCALL:
			if (remote_begin(task) == CALL_IS_NATIVE &&
			    is_probed(task->call.asked.nr))
				remote_answer(task, MAGIC);
			task->call.at = CALL_NONE;
			sig = 0;
			break;
		default:
			sig = 0;
		}
		ptrace(filtered ? PTRACE_CONT : PTRACE_SYSCALL, task->tid,
		       NULL, (void *)(long)sig);
	}
	return false;
}

static enum verdict follow(pid_t pid, int socket, bool filtered)
{
	struct mm mm = { .users = 1 };
	struct task task = { .tid = pid, .tgid = pid, .mm = &mm };
	struct spawn_report report;
	int listener;

	if (spawn_receive_report(socket, &report, &listener) < 0)
		return NO_STOP;
	if (listener >= 0) {
		config.use_unotify =
			arch_can_repeat && unotify_is_cheap(listener);
		close(listener);
	}
	if (filtered && !report.filtered)
		return NO_FILTER;
	if (remote_seize(pid) < 0)
		return NO_PTRACE;
	/* stop it once, so that it is resumed with PTRACE_SYSCALL */
	if (!filtered && remote_interrupt(pid) < 0)
		return NO_PTRACE;
	spawn_go(socket);
	return answers_arrive(&task, filtered) ? WORKS : NO_STOP;
}

static enum verdict try_stops(const struct config *conf)
{
	enum verdict verdict;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		log_fatal("cannot make a socket pair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		log_fatal("cannot fork: %s", strerror(errno));
	if (pid == 0) {
		close(pair[0]);
		probed_child(pair[1], conf);
	}
	close(pair[1]);
	verdict = follow(pid, pair[0], conf->use_filter);
	close(pair[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) > 0)
		;
	return verdict;
}

/* What a traced process forks has its tracer from the start. */
_Noreturn static void refuse_untraceable(void)
{
	struct proc_status status;
	char *name;

	if (proc_status(getpid(), &status) == 0 && status.tracer) {
		name = proc_read(status.tracer, "comm");
		log_fatal("process %d%s%.*s%s traces us, and a process has one "
			  "tracer: start shmtrace outside of it",
			  status.tracer, name ? " (" : "",
			  name ? (int)strcspn(name, "\n") : 0, name ? name : "",
			  name ? ")" : "");
	}
	log_fatal("this host does not let us trace (ptrace is refused: see "
		  "kernel.yama.ptrace_scope, or the sandbox's seccomp filter)");
}

void probe_stops(enum seccomp_mode wanted)
{
	struct config with = config, without = config;
	enum verdict verdict = WORKS;

	with.use_filter = true;
	if (wanted != SECCOMP_OFF) {
		verdict = try_stops(&with);
		config.use_filter = verdict == WORKS;
		if (verdict == WORKS)
			return;
	}
	config.use_unotify = false;
	if (verdict == NO_PTRACE)
		refuse_untraceable();
	if (wanted == SECCOMP_ON)
		log_fatal("--seccomp-bpf=on cannot work here: %s",
			  verdict == NO_FILTER ?
				  "the host refuses seccomp filters" :
				  "an outer seccomp filter hides the calls");
	verdict = try_stops(&without);
	if (verdict == WORKS)
		return;
	if (verdict == NO_PTRACE)
		refuse_untraceable();
	log_fatal("this host hides shared-memory calls from tracers");
}

static bool can_map(uint64_t addr, uint64_t page_size)
{
	/* mmap() takes the program's address as a pointer */
	void *wanted = (void *)(uintptr_t)addr;
	void *at = mmap(wanted, page_size, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
				MAP_FIXED_NOREPLACE, -1, 0);

	if (at == MAP_FAILED)
		return errno == EEXIST;
	munmap(at, page_size);
	return at == wanted;
}

/* The program's address space has the size of the tracer's: an address that
   mmap() gives here, it gives in the program. */
const struct arch_window *probe_arena(uint64_t page_size)
{
	const struct arch_window *window = arch_windows;

	while (window->len &&
	       !can_map(window->start + window->len - page_size, page_size))
		window++;
	return window->len ? window : NULL;
}

/* The tracer tries the calls on itself: a filter of the host that refuses them
   applies to the tracer too. */
void probe_means(void)
{
	char from = 1, to = 0;
	struct iovec local = { &to, 1 }, remote = { &from, 1 };
	int fd = memfd_create("shmtrace", MFD_CLOEXEC);

	if (fd < 0)
		log_fatal("this host refuses memfd_create: %s",
			  strerror(errno));
	close(fd);
	config.memory_by_proc =
		process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1 ||
		process_vm_writev(getpid(), &local, 1, &remote, 1, 0) != 1;
}
