// SPDX-License-Identifier: MIT
/*
 * syscall.c - runs system calls inside the program, one stop at a time.
 *
 * The first injected call takes the place of the one that the program made.
 * The following ones are made from the system-call instruction of the stub
 * page: the tracer's filter, and the exemption in front of the program's own
 * filters (calls/seccomp.c), allow calls from there.  All signals are blocked
 * meanwhile, since the thread could take a signal between two calls.
 */
#include "tracer/remote/syscall.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tracer/remote/seize.h"
#include "tracer/stops/stops.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

/* The number of getpid() in the ABI that the call `nr` was made in. */
static uint32_t noop_number(uint32_t audit, int64_t nr)
{
	for (const struct arch_foreign *f = arch_foreign; f->name; f++)
		for (unsigned i = 0; f->audit == audit && i < 4; i++)
			if (audit != arch_audit || f->nr[i] == nr)
				return f->nothing;
	return SYS_getpid;
}

/* The status of a PTRACE_EVENT_EXIT stop, for one that is never reported
   (is_silent). */
#define CALL_EXIT_STATUS (PTRACE_EVENT_EXIT << 16 | SIGTRAP << 8 | 0x7f)

bool remote_info(struct task *task)
{
	struct call *call = &task->call;

	if (!call->info_valid)
		call->info_valid = ptrace(PTRACE_GET_SYSCALL_INFO, task->tid,
					  sizeof(call->info), &call->info) > 0;
	return call->info_valid;
}

enum call_kind remote_begin(struct task *task)
{
	struct call *call = &task->call;
	const struct ptrace_syscall_info *info = &call->info;

	if (!remote_info(task))
		return CALL_IS_GONE;
	call->info_valid = false;
	if (info->op != PTRACE_SYSCALL_INFO_ENTRY &&
	    info->op != PTRACE_SYSCALL_INFO_SECCOMP)
		return CALL_IS_EXIT;
	if (arch_fetch(task->tid, &call->regs, &call->asked) < 0)
		return CALL_IS_GONE;
	call->noop_nr = noop_number(info->arch, call->asked.nr);
	call->at = info->op == PTRACE_SYSCALL_INFO_SECCOMP ? CALL_SECCOMP :
							     CALL_ENTRY;
	return info->arch == arch_audit ? CALL_IS_NATIVE : CALL_IS_FOREIGN;
}

/*
 * For a stop that is not the awaited exit stop: the signal to resume with, or
 * -1 when the thread is gone.  All signals but SIGSTOP are blocked.  SIGSTOP is
 * delivered at once, so that the group stop comes before a SIGCONT that is sent
 * after it.  The thread leaves that group stop to finish the call, and
 * remote_resume() makes it join the group stop again.
 */
static int pass_stop(struct task *task, int status)
{
	int sig;

	switch (stop_classify(status, &sig)) {
	case STOP_SECCOMP:
	case STOP_SYSCALL:
	case STOP_EVENT_STOP:
		return 0;
	case STOP_GROUP:
		task->call.borrowed.group_stop = true;
		return 0;
	case STOP_SIGNAL:
		return sig;
	default:
		wait_defer(task, status);
		task->call.at = CALL_NONE;
		return -1;
	}
}

static bool is_exit_stop(struct task *task, int status)
{
	struct ptrace_syscall_info info;
	int sig;

	return stop_classify(status, &sig) == STOP_SYSCALL &&
	       ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof(info),
		      &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_EXIT;
}

/* Is it the stop that a thread comes to next, on its way to `wanted`? */
static bool is_stop(struct task *task, int status, enum call_at wanted)
{
	int sig;

	switch (wanted) {
	case CALL_SECCOMP:
		return stop_classify(status, &sig) == STOP_SECCOMP;
	case CALL_ENTRY:
		return stop_classify(status, &sig) == STOP_SYSCALL;
	default:
		return is_exit_stop(task, status);
	}
}

/* As remote_take_status, for any stop of a call. */
static int take_status(struct task *task, int status, enum call_at wanted)
{
	int sig;

	if (is_stop(task, status, wanted)) {
		task->call.at = wanted;
		return 1;
	}
	sig = pass_stop(task, status);
	if (sig < 0)
		return -1;
	/* ESRCH: the thread was killed, and waitpid() will report that */
	ptrace(PTRACE_SYSCALL, task->tid, NULL, (void *)(long)sig);
	return 0;
}

int remote_take_status(struct task *task, int status)
{
	return take_status(task, status, CALL_EXIT);
}

bool remote_has_moved(const struct task *task)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)task->tid, &info,
		      WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
	       info.si_pid != 0;
}

bool remote_event_message(const struct task *task, unsigned long *message)
{
	return ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, message) == 0 &&
	       !remote_has_moved(task);
}

/* Must every call of the thread stop, at its entry and at its exit?  In plain
   mode; in a fork whose exit stop puts something back; when an attachment lies
   outside the arena that no filter of the thread knows; when the program is
   likely to read /proc/sysvipc/shm (procfs.h); and in an injected call whose
   exit stop is not waited for (touch.h). */
static bool stop_every_call(const struct task *task)
{
	const struct mm *mm = task->mm;

	return !config.use_filter || task->undo || task->forks ||
	       task->touch.runs || task->stops_for != NOTHING_OUTSIDE ||
	       (mm && mm->stop_all_calls);
}

bool remote_is_completing(const struct task *task)
{
	return task->call.at == CALL_COMPLETING_ATTACH ||
	       task->call.at == CALL_COMPLETING_DETACH;
}

/* ESRCH from ptrace: the thread was killed, and waitpid() will report that. */
void remote_resume(struct task *task, int sig)
{
	const struct mm *mm = task->mm;

	if (mm && !emul_mm_is_empty(mm->emul) && remote_has_moved(task))
		return;
	/* At the PTRACE_EVENT_STOP that this asks for, the kernel says whether
	   the group is still stopped.  Any other stop takes the request back
	   (ptrace_stop() clears JOBCTL_TRAP_STOP): so ask at each resumption
	   until PTRACE_EVENT_STOP comes. */
	if (task->call.borrowed.group_stop)
		remote_interrupt(task->tid);
	ptrace(stop_every_call(task) ? PTRACE_SYSCALL : PTRACE_CONT, task->tid,
	       NULL, (void *)(long)sig);
}

/*
 * Is the task a thread group leader that was killed and has passed its exit
 * stop?  wait(2) reports such a leader only after its last thread has gone
 * (delay_group_leader()), and that thread may be stopped until the tracer
 * resumes it: waiting for the leader would never end.
 */
static bool is_silent(const struct task *task)
{
	char *stat;
	const char *state;
	bool dead;

	if (task->tid != task->tgid || !task->mm || task->mm->users == 1)
		return false;
	stat = proc_read(task->tid, "stat");
	state = stat ? strrchr(stat, ')') : NULL;
	dead = state && state[2] == 'Z';
	free(stat);
	return dead;
}

static pid_t wait_for_status(const struct task *task, int *status)
{
	pid_t tid;

	if (task->tid != task->tgid || task->mm->users == 1)
		return waitpid(task->tid, status, __WALL);
	tid = waitpid(task->tid, status, __WALL | WNOHANG);
	if (tid)
		return tid;
	if (is_silent(task)) {
		*status = CALL_EXIT_STATUS;
		return task->tid;
	}
	unotify_wait_sigchld();
	errno = EINTR;
	return -1;
}

/* Wait until the thread, which was just resumed, is at the wanted stop of a
   call: 0, or -1 when the thread is gone. */
static int wait_for_stop(struct task *task, enum call_at wanted)
{
	int there = 0, status;

	while (!there) {
		if (wait_for_status(task, &status) >= 0)
			there = take_status(task, status, wanted);
		else if (errno != EINTR)
			there = -1;
	}
	if (there > 0)
		return 0;
	task->call.at = CALL_NONE;
	return -1;
}

static int wait_exit(struct task *task)
{
	return wait_for_stop(task, CALL_EXIT);
}

pid_t remote_poll_status(const struct task *task, int *status)
{
	pid_t tid = waitpid(task->tid, status, __WALL | WNOHANG);

	if (tid == 0 && is_silent(task)) {
		*status = CALL_EXIT_STATUS;
		return task->tid;
	}
	return tid;
}

void remote_block_signals(struct task *task)
{
	uint64_t all = ~UINT64_C(0);

	if (task->call.borrowed.signals)
		return;
	if (ptrace(PTRACE_GETSIGMASK, task->tid, sizeof(all),
		   &task->call.borrowed.sigmask) == 0 &&
	    ptrace(PTRACE_SETSIGMASK, task->tid, sizeof(all), &all) == 0)
		task->call.borrowed.signals = true;
}

void remote_unblock_signals(struct task *task)
{
	if (task->call.borrowed.signals)
		ptrace(PTRACE_SETSIGMASK, task->tid,
		       sizeof(task->call.borrowed.sigmask),
		       &task->call.borrowed.sigmask);
	task->call.borrowed.signals = false;
}

int remote_prepare(struct task *task, const struct arch_call *next)
{
	uint64_t stub = task->mm->stub ? config.arena_start : 0;
	struct call *call = &task->call;

	assert(call->at != CALL_NONE);
	if (call->at != CALL_EXIT)
		return arch_rewrite(task->tid, &call->regs, next, stub);
	remote_block_signals(task);
	return arch_reissue(task->tid, &call->regs, next, stub);
}

bool remote_was_interrupted(sysret_t result)
{
	return result == -ERESTARTSYS || result == -ERESTARTNOINTR ||
	       result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK;
}

static sysret_t run_prepared(struct task *task)
{
	int64_t result;

	ptrace(PTRACE_SYSCALL, task->tid, NULL, NULL);
	if (wait_exit(task) < 0)
		return SYSRET_GONE;
	if (arch_result(task->tid, &result) < 0)
		return SYSRET_GONE;
	return result;
}

static sysret_t inject(struct task *task, const struct arch_call *next)
{
	sysret_t result;

	assert(task->call.at != CALL_UNOTIFY);
	if (task->call.at == CALL_NONE)
		return SYSRET_GONE;
	do {
		remote_prepare(task, next);
		result = run_prepared(task);
	} while (result != SYSRET_GONE && remote_was_interrupted(result));
	return result;
}

sysret_t remote_inject(struct task *task, long nr, const uint64_t args[6])
{
	struct arch_call next = { .nr = nr };

	memcpy(next.args, args, sizeof(next.args));
	return inject(task, &next);
}

sysret_t remote_run(struct task *task)
{
	assert(task->call.at == CALL_SECCOMP || task->call.at == CALL_ENTRY);
	task->call.handled = true;
	return run_prepared(task);
}

void remote_return(struct task *task, enum call_at at)
{
	if (task->call.at != CALL_EXIT || at == CALL_EXIT)
		return;
	arch_restart(task->tid, &task->call.regs);
	ptrace(PTRACE_SYSCALL, task->tid, NULL, NULL);
	if (wait_for_stop(task, at) == 0)
		remote_unblock_signals(task);
}

/* Let the call at this entry stop do nothing (getpid): its result is replaced
   at the exit stop. */
static void run_noop(struct task *task)
{
	static const uint64_t none[6];

	remote_inject(task, task->call.noop_nr, none);
}

/* Put everything back that the injected calls have changed. */
static void restore(struct task *task, sysret_t result)
{
	if (task->call.at != CALL_EXIT)
		return;
	arch_restore(task->tid, &task->call.regs, result);
	remote_unblock_signals(task);
}

/* Answer at the seccomp stop.  Only a resumption from the exit stop sends a
   signal: so with a held signal, take the thread there. */
static void cancel(struct task *task, sysret_t result)
{
	arch_cancel(task->tid, &task->call.regs, result);
	if (!task->call.borrowed.signal)
		return;
	ptrace(PTRACE_SYSCALL, task->tid, NULL, NULL);
	wait_exit(task);
}

/* PTRACE_INTERRUPT first, then the answer -ERESTARTNOINTR (513): the thread
   stops before it restarts the call, and calls_retry() handles the call there.
   The program never sees this number. */
static void ask_for_stop(struct task *task)
{
	task->call.at = CALL_RETRY_AT_STOP;
	remote_interrupt(task->tid);
	unotify_answer(task->call.unotify_id, -ERESTARTNOINTR);
}

bool remote_will_retry(const struct task *task, sysret_t result)
{
	return task->call.at == CALL_UNOTIFY && result == -EFAULT &&
	       task->call.needs_stop;
}

static void answer_unotify(struct task *task, sysret_t result)
{
	if (remote_will_retry(task, result))
		ask_for_stop(task);
	else
		unotify_answer(task->call.unotify_id, result);
}

bool remote_retry_at_stop(struct task *task)
{
	struct arch_call interrupted;

	task->call.at = CALL_NONE;
	if (arch_fetch(task->tid, &task->call.regs, &interrupted) < 0)
		return false;
	task->call.at = CALL_EXIT;
	return true;
}

void remote_answer(struct task *task, sysret_t result)
{
	task->call.handled = true;
	if (result == SYSRET_GONE || task->call.at == CALL_NONE ||
	    remote_is_completing(task))
		return;
	if (task->call.at == CALL_UNOTIFY) {
		task->touch.len = 0;
		answer_unotify(task, result);
		return;
	}
	if (task->touch.len) /* the call will be handled again (touch.h) */
		return;
	if (task->call.at == CALL_ENTRY)
		run_noop(task);
	if (task->call.at == CALL_SECCOMP)
		cancel(task, result);
	else
		restore(task, result);
}

void remote_repeat(struct task *task)
{
	if (task->call.at != CALL_EXIT)
		return;
	arch_restart(task->tid, &task->call.regs);
	remote_unblock_signals(task);
}
