// SPDX-License-Identifier: MIT
/*
 * fastpath.c - one stop for shmdt, and one for shmat where the program can open
 * the file of the segment itself; else one stop and one notification.
 *
 * A signal that finds the thread inside the stub is held back: with signals
 * blocked and the expected address spoilt, the attach sequence runs into its
 * own stop, where all is put right before the signal is delivered.
 */
#include "tracer/remote/fastpath.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tracer/remote/fd.h"
#include "tracer/remote/stub.h"
#include "tracer/remote/syscall.h"
#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

bool fastpath_is_possible(struct task *task)
{
	return arch_stub_attach && config.listener >= 0 && config.use_filter &&
	       task->call.at == CALL_SECCOMP && task->mm->users == 1 &&
	       task->mm->stub && !task->mm->stop_all_mm_calls &&
	       !task->mm->stop_all_calls && !task->call.slow_only &&
	       !arch_is_stepping(&task->call.regs);
}

static int write_data(struct task *task, uint64_t expected)
{
	uint64_t data[ARCH_STUB_WORDS];

	arch_stub_data(&task->call.regs, expected, config.cookie + 1, data);
	return remote_write(task, remote_stub_data(), data, sizeof(data)) == 0 ?
		       0 :
		       -1;
}

/* The same call again, and what follows it in the page. */
static int write_file(struct task *task, const struct arch_stub_file *file,
		      struct arch_call *call)
{
	uint64_t data[ARCH_STUB_WORDS + ARCH_STUB_FILE_WORDS];

	arch_stub_data(&task->call.regs, file->mmap[0], config.cookie + 1,
		       data);
	*call = arch_stub_file(file, remote_stub_data(),
			       data + ARCH_STUB_WORDS);
	return remote_write(task, remote_stub_data(), data, sizeof(data)) == 0 ?
		       0 :
		       -1;
}

/* Stop at the end whatever mmap gives. */
static void force_failure_stop(struct task *task)
{
	write_data(task, 1);
}

static bool is_caught(pid_t tid, int sig)
{
	char *status = proc_read(tid, "status");
	const char *set = status ? strstr(status, "\nSigCgt:") : NULL;
	bool caught = set && strtoull(set + 8, NULL, 16) >> (sig - 1) & 1;

	free(status);
	return caught;
}

/* One that stops the process shows nobody where it stopped, and SIGCONT must
   find it done. */
static bool only_stops(pid_t tid, int sig)
{
	return sig == SIGSTOP ||
	       ((sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) &&
		!is_caught(tid, sig));
}

static void hold(struct task *task, int sig)
{
	struct borrowed *borrowed = &task->call.borrowed;

	if (only_stops(task->tid, sig)) {
		ptrace(PTRACE_CONT, task->tid, NULL, (void *)(long)sig);
		return;
	}
	assert(!borrowed->siginfo.si_signo);
	if (ptrace(PTRACE_GETSIGINFO, task->tid, NULL, &borrowed->siginfo) < 0)
		borrowed->siginfo.si_signo = sig;
	remote_block_signals(task);
	force_failure_stop(task);
	ptrace(PTRACE_CONT, task->tid, NULL, NULL);
}

/* A stop where the notice should come: false when the thread is gone. */
static bool pass_stop(struct task *task, int status)
{
	int sig;

	switch (stop_classify(status, &sig)) {
	case STOP_SIGNAL:
		hold(task, sig);
		return true;
	case STOP_EVENT_STOP:
		ptrace(PTRACE_CONT, task->tid, NULL, NULL);
		return true;
	case STOP_GROUP:	/* no step of the program's before it rejoins */
		force_failure_stop(task);
		task->call.borrowed.group_stop = true;
		ptrace(PTRACE_CONT, task->tid, NULL, NULL);
		return true;
	default:
		wait_defer(task, status);
		return false;
	}
}

/* Wait for the carrier, and hand over the descriptor: 0, -errno or gone. */
static sysret_t serve(struct task *task, int fd)
{
	struct unotify unotify;
	int status;

	for (;;) {
		pid_t tid;

		if (unotify_next(&unotify)) {
			if (unotify.tid == task->tid)
				return fd_inject_by_unotify(unotify.id, fd);
			unotify_defer(&unotify);
			continue;
		}
		tid = waitpid(task->tid, &status, __WALL | WNOHANG);
		if ((tid > 0 && !pass_stop(task, status)) ||
		    (tid < 0 && errno != EINTR))
			return SYSRET_GONE;
	}
}

/* `sequence`: its offset in the stub. */
static void complete_in_stub(struct task *task, enum call_at at,
			     const struct arch_call *call, size_t sequence)
{
	arch_rewrite(task->tid, &task->call.regs, call,
		     config.arena_start + sequence);
	task->call.at = at;
	ptrace(PTRACE_CONT, task->tid, NULL, NULL);
}

sysret_t fastpath_attach(struct task *task, int fd, const uint64_t args[6])
{
	struct arch_call trigger = {
		.nr = SYS_getpgid,
		.args = { args[0], args[1], args[2], args[3], 0,
			  config.cookie },
	};

	/* making it dumpable can have taken it from its seccomp stop */
	if (write_data(task, args[0]) < 0 || task->call.at != CALL_SECCOMP)
		return -EFAULT;
	task->call.attach_addr = args[0];
	complete_in_stub(task, CALL_COMPLETING_ATTACH, &trigger,
			 arch_stub_attach);
	/* an error here comes back as mmap's, at the stop */
	if (serve(task, fd) == SYSRET_GONE) {
		task->call.at = CALL_NONE;
		return SYSRET_GONE;
	}
	return (sysret_t)args[0];
}

/* Not where a filter could forbid it, or we would stop at it, or where /proc
   is another one; else it may fail, and is not tried again. */
bool fastpath_may_open(const struct task *task)
{
	return arch_stub_open && !task->mm->cannot_open_proc &&
	       !task->own_filter && config.proc != PROC_ON && !task->pidns;
}

sysret_t fastpath_open(struct task *task, const struct arch_stub_file *file)
{
	struct arch_call call;

	if (write_file(task, file, &call) < 0 || task->call.at != CALL_SECCOMP)
		return -EFAULT;
	task->call.attach_addr = file->mmap[0];
	complete_in_stub(task, CALL_COMPLETING_ATTACH, &call, arch_stub_open);
	return (sysret_t)file->mmap[0];
}

sysret_t fastpath_detach(struct task *task, uint64_t addr, uint64_t len)
{
	struct arch_call call = task->call.asked;

	/* the other arguments are the program's registers: they stay */
	call.nr = SYS_munmap;
	call.args[0] = addr;
	call.args[1] = len;
	if (write_data(task, 0) < 0 || task->call.at != CALL_SECCOMP)
		return -EFAULT;
	complete_in_stub(task, CALL_COMPLETING_DETACH, &call, arch_stub_detach);
	return 0;
}

/* Is it the stop at the end of the attach sequence? */
static bool is_at_end(struct task *task)
{
	const struct ptrace_syscall_info *look = &task->call.info;

	return task->call.at == CALL_COMPLETING_ATTACH && remote_info(task) &&
	       look->op == PTRACE_SYSCALL_INFO_SECCOMP &&
	       look->seccomp.nr == SYS_getpgid &&
	       look->seccomp.args[5] == config.cookie + 1;
}

enum fastpath_state fastpath_at_seccomp(struct task *task)
{
	uint64_t addr = task->call.attach_addr;

	if (!is_at_end(task))
		return FASTPATH_OVER;
	task->call.info_valid = false;
	task->call.at = CALL_SECCOMP;
	remote_unblock_signals(task);
	/* sent from here it comes back as a signal stop, where
	   fastpath_at_signal puts the whole siginfo in */
	task->call.borrowed.signal = task->call.borrowed.siginfo.si_signo;
	task->mm->cannot_open_proc |=
		task->call.info.seccomp.args[4] == ARCH_STUB_NO_FILE;
	if (task->call.info.seccomp.args[4] != addr) {
		const struct emul_caller caller = task_caller(task);

		emul_shmat_undo(&caller, addr);
		return FASTPATH_FAILED;
	}
	remote_answer(task, (sysret_t)addr);
	return FASTPATH_ENDED;
}

/* Mapped, and only registers are left to put in: too late to stop it.  Never
   with a signal held, for which the expected address is spoilt. */
static bool is_past_commit(const struct task *task)
{
	uint64_t ip;

	return !task->call.borrowed.siginfo.si_signo &&
	       arch_ip(task->tid, &ip) == 0 &&
	       arch_stub_is_past_commit(task->tid, ip - config.arena_start,
					task->call.attach_addr);
}

static bool is_in_stub(struct task *task)
{
	uint64_t ip;

	return arch_ip(task->tid, &ip) == 0 && ip >= config.arena_start &&
	       ip < config.arena_start + config.page_size;
}

enum fastpath_state fastpath_at_signal(struct task *task, int sig)
{
	siginfo_t *held = &task->call.borrowed.siginfo;

	if (!remote_is_completing(task)) {
		if (held->si_signo == sig)
			ptrace(PTRACE_SETSIGINFO, task->tid, NULL, held);
		held->si_signo = 0;
		return FASTPATH_OVER;
	}
	if (task->call.at == CALL_COMPLETING_ATTACH && is_in_stub(task)) {
		if (!is_past_commit(task)) {
			hold(task, sig);
			return FASTPATH_GOES_ON;
		}
		arch_restore(task->tid, &task->call.regs,
			     (int64_t)task->call.attach_addr);
		return FASTPATH_OVER;
	}
	if (is_in_stub(task))	/* munmap is done, the rest is registers */
		arch_restore(task->tid, &task->call.regs, 0);
	return FASTPATH_OVER;
}
