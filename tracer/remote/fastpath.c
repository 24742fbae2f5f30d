// SPDX-License-Identifier: MIT
/*
 * fastpath.c - one stop for shmdt, and one for shmat where the program can open
 * the file of the segment itself; else one stop and one notification.
 *
 * When a signal comes in the middle of the attach sequence, the tracer blocks
 * all signals and overwrites the address that the sequence compares with.  So
 * the sequence takes its failure exit, a seccomp stop.  There the tracer undoes
 * the attach, unblocks the signals and delivers the signal.  The time line is
 * above fastpath_at_signal().
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

#include "tracer/remote/copy.h"
#include "tracer/remote/fd.h"
#include "tracer/remote/stub.h"
#include "tracer/remote/syscall.h"
#include "tracer/stops/stops.h"
#include "tracer/tasks/tasks.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

bool fastpath_is_possible(struct task *task)
{
	return !config.journal && arch_stub_attach && config.listener >= 0 &&
	       config.use_filter && task->call.at == CALL_SECCOMP &&
	       task->mm->users == 1 && task->mm->stub &&
	       task->stops_for == NOTHING_OUTSIDE &&
	       !task->mm->stop_all_calls && !task->call.slow_only &&
	       !arch_is_stepping(&task->call.regs);
}

/* Fill in the stub's data page: the registers to put back, and the address
   that the attach sequence compares with.  0 or -1. */
static int write_data(struct task *task, uint64_t expected)
{
	uint64_t data[ARCH_STUB_WORDS];

	arch_stub_data(&task->call.regs, expected, config.cookie + 1, data);
	return remote_write(task, remote_stub_data(), data, sizeof(data)) == 0 ?
		       0 :
		       -1;
}

/* The same for the sequence that opens a file: *call receives the call that it
   begins with. */
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

/* Make the attach sequence end at its seccomp stop, whatever mmap() returns:
   1 is neither an address of a page nor an error. */
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

/* Does the signal stop the process, without a handler?  Such a signal is
   delivered at once: no handler can see that the thread is in the stub, and
   the stop must come before a SIGCONT that is sent after the signal. */
static bool only_stops(pid_t tid, int sig)
{
	return sig == SIGSTOP ||
	       ((sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) &&
		!is_caught(tid, sig));
}

/* Resume without the signal, which is delivered at the seccomp stop to come. */
static void hold_signal(struct task *task, int sig)
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

/* Pass a stop that came before the notification of the trigger call: false
   when the thread is gone. */
static bool pass_stop(struct task *task, int status)
{
	int sig;

	switch (stop_classify(status, &sig)) {
	case STOP_SIGNAL:
		hold_signal(task, sig);
		return true;
	case STOP_EVENT_STOP:
		ptrace(PTRACE_CONT, task->tid, NULL, NULL);
		return true;
	/* end at the seccomp stop, so that the thread joins the group stop
	   before it runs an instruction of the program */
	case STOP_GROUP:
		force_failure_stop(task);
		task->call.borrowed.group_stop = true;
		ptrace(PTRACE_CONT, task->tid, NULL, NULL);
		return true;
	default:
		wait_defer(task, status);
		return false;
	}
}

/* Wait for the notification of the trigger call, and answer it with the
   descriptor: 0, -errno or SYSRET_GONE. */
static sysret_t answer_trigger_call(struct task *task, int fd)
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

/* Let the thread run `call` and what follows it in the sequence that begins at
   this offset of the stub. */
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

	/* if remote_write() had to inject prctl(PR_SET_DUMPABLE), the thread
	   is not at its seccomp stop any more */
	if (write_data(task, args[0]) < 0 || task->call.at != CALL_SECCOMP)
		return -EFAULT;
	task->call.attach_addr = args[0];
	complete_in_stub(task, CALL_COMPLETING_ATTACH, &trigger,
			 arch_stub_attach);
	/* after -errno the trigger call fails, mmap() fails with EBADF, and
	   the sequence ends at its seccomp stop: the loop handles that */
	if (answer_trigger_call(task, fd) == SYSRET_GONE) {
		task->call.at = CALL_NONE;
		return SYSRET_GONE;
	}
	return (sysret_t)args[0];
}

/*
 * False where openat() cannot work: a filter of the program can forbid it,
 * --proc=on stops at it, and in another pid namespace /proc has other numbers.
 * For other reasons openat() can fail still: then cannot_open_proc is set, and
 * openat() is not tried again in this address space.
 */
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

	/* munmap() has two arguments; the other four registers keep the
	   program's values */
	call.nr = SYS_munmap;
	call.args[0] = addr;
	call.args[1] = len;
	if (write_data(task, 0) < 0 || task->call.at != CALL_SECCOMP)
		return -EFAULT;
	complete_in_stub(task, CALL_COMPLETING_DETACH, &call, arch_stub_detach);
	return 0;
}

/* Is this the seccomp stop at the end of the attach sequence? */
static bool is_at_end(struct task *task)
{
	const struct ptrace_syscall_info *info = &task->call.info;

	return task->call.at == CALL_COMPLETING_ATTACH && remote_info(task) &&
	       info->op == PTRACE_SYSCALL_INFO_SECCOMP &&
	       info->seccomp.nr == SYS_getpgid &&
	       info->seccomp.args[5] == config.cookie + 1;
}

enum fastpath_state fastpath_at_seccomp(struct task *task)
{
	uint64_t addr = task->call.attach_addr;

	if (!is_at_end(task))
		return FASTPATH_OVER;
	task->call.info_valid = false;
	task->call.at = CALL_SECCOMP;
	remote_unblock_signals(task);
	/* PTRACE_CONT sends the signal from here by its number alone; the
	   signal-delivery stop comes once more, and there
	   fastpath_at_signal() sets the whole siginfo */
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

/* Has the sequence already compared, and found the expected address?  Then it
   only loads registers, force_failure_stop() comes too late, and the attach
   stands.  With a signal held, force_failure_stop() has been called already:
   the sequence cannot find the expected address any more. */
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

/*
 * The attach sequence in time, and what the tracer does at a signal-delivery
 * stop in it:
 *
 *	openat or trigger call,		holds the signal, overwrites the
 *	mmap, close			expected address: the comparison fails
 *	loads the expected address	(the commit: from here on the tracer
 *					cannot change the outcome)
 *	  equal to mmap's result:	arch_stub_is_past_commit(): puts in the
 *	    loads the registers,	registers and the result; the loop
 *	    returns to the program	delivers the signal
 *	  not equal:			holds the signal: the seccomp stop is
 *	    trigger call's number,	to come anyway
 *	    a seccomp stop
 *
 * The sequence of a detach has no failure exit: a signal-delivery stop comes
 * after munmap, when the registers alone are left.
 */
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
			hold_signal(task, sig);
			return FASTPATH_GOES_ON;
		}
		arch_restore(task->tid, &task->call.regs,
			     (int64_t)task->call.attach_addr);
		return FASTPATH_OVER;
	}
	if (is_in_stub(task)) /* munmap is done, registers are to be loaded */
		arch_restore(task->tid, &task->call.regs, 0);
	return FASTPATH_OVER;
}
