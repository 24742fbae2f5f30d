// SPDX-License-Identifier: MIT
/*
 * fd.c - puts a descriptor of the tracer into the program: by user
 * notification (SECCOMP_ADDFD_FLAG_SEND, Linux 5.14), or, without a listener,
 * by an injected openat() of /proc/TRACER/fd/N.
 *
 * The trigger call is getpgid() with config.cookie as sixth argument.  The
 * tracer's filter returns SECCOMP_RET_USER_NOTIF for it.  The cookie is not the
 * first argument, because some arm64 kernels show filters another value there
 * (arch/aarch64.c: orig_x0).
 */
#include "tracer/remote/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/remote/copy.h"
#include "tracer/remote/stub.h"
#include "tracer/remote/syscall.h"
#include "tracer/stops/stops.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

/* Offset of scratch data in the stub's data page, behind the sequences'. */
#define SCRATCH 512

struct injection {
	int fd;
	int at;			/* replace this number, or -1: any free one */
	int fd_flags;
	sysret_t result;
};

/* SIGCHLD is blocked around the ioctl.  A signal that interrupts its wait for
   the program's thread would make the trigger call return 0 and no descriptor
   (seccomp_notify_addfd(), kernel/seccomp.c, Linux 6.18). */
static void answer_with_fd(uint64_t id, struct injection *injection)
{
	struct seccomp_notif_addfd addfd = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)injection->fd,
		.newfd_flags = (uint32_t)injection->fd_flags,
	};

	if (injection->at >= 0) {
		addfd.flags |= SECCOMP_ADDFD_FLAG_SETFD;
		addfd.newfd = (uint32_t)injection->at;
	}
	unotify_block_sigchld();
	injection->result =
		ioctl(config.listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd);
	if (injection->result < 0)
		injection->result = -errno;
	if (injection->result < 0)
		unotify_answer(id, injection->result);
}

static void take_unotify(const struct task *task, const struct unotify *unotify,
			 struct injection *injection)
{
	if (unotify->tid == task->tid)
		answer_with_fd(unotify->id, injection);
	else
		unotify_defer(unotify);
}

/* Answer the trigger call, and wait until the thread is at its exit stop: 1,
   or -1 when the thread is gone. */
static int answer_trigger_call(struct task *task, struct injection *injection)
{
	int there = 0;

	while (!there) {
		struct unotify unotify;
		int status;
		pid_t tid = remote_poll_status(task, &status);

		if (tid > 0)
			there = remote_take_status(task, status);
		else if (tid < 0 && errno != EINTR)
			there = -1;
		else if (unotify_next(&unotify))
			take_unotify(task, &unotify, injection);
	}
	if (there < 0)
		task->call.at = CALL_NONE;
	return there;
}

static sysret_t inject_once(struct task *task, struct injection *injection)
{
	const struct arch_call trigger = {
		.nr = SYS_getpgid,
		.args = { [5] = config.cookie },
	};
	int64_t result;

	remote_block_signals(task);
	injection->result = -EINTR;
	remote_prepare(task, &trigger);
	ptrace(PTRACE_SYSCALL, task->tid, NULL, NULL);
	if (answer_trigger_call(task, injection) < 0 ||
	    arch_result(task->tid, &result) < 0)
		return SYSRET_GONE;
	return remote_was_interrupted(result) ? result : injection->result;
}

static sysret_t inject_by_unotify(struct task *task,
				  struct injection *injection)
{
	sysret_t result;

	do {
		if (task->call.at == CALL_NONE)
			return SYSRET_GONE;
		result = inject_once(task, injection);
	} while (result != SYSRET_GONE && remote_was_interrupted(result));
	return result;
}

static sysret_t inject_by_proc(struct task *task, int fd, int flags)
{
	uint64_t args[6] = { (uint64_t)AT_FDCWD, 0,
			     (uint64_t)(flags | O_CLOEXEC), 0 };
	char path[40];

	args[1] = remote_stub_data() + SCRATCH;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
	if (!remote_stub(task) ||
	    remote_poke(task, args[1], path, strlen(path) + 1) < 0)
		return -ENOMEM;
	return remote_inject(task, SYS_openat, args);
}

static sysret_t inject_anywhere(struct task *task, int fd, int flags)
{
	struct injection injection = { .fd = fd,
				       .at = -1,
				       .fd_flags = O_CLOEXEC };

	if (config.listener < 0)
		return inject_by_proc(task, fd, flags);
	return inject_by_unotify(task, &injection);
}

/* By an injected prlimit64(): a process may always raise its own soft limit,
   but for a process of another user the tracer's prlimit() needs
   CAP_SYS_RESOURCE. */
static bool set_descriptor_limit(struct task *task, rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };
	uint64_t args[6] = { 0, RLIMIT_NOFILE, 0, 0 };

	args[2] = remote_stub_data() + SCRATCH;
	return remote_stub(task) &&
	       remote_poke(task, args[2], &limit, sizeof(limit)) == 0 &&
	       remote_inject(task, SYS_prlimit64, args) == 0;
}

static sysret_t inject_above_soft_limit(struct task *task, int fd, int flags)
{
	struct rlimit limit;
	sysret_t number;

	if (!proc_limit(task->tid, "Max open files", &limit) ||
	    limit.rlim_cur == limit.rlim_max ||
	    !set_descriptor_limit(task, limit.rlim_max, limit.rlim_max))
		return -EMFILE;
	number = inject_anywhere(task, fd, flags);
	set_descriptor_limit(task, limit.rlim_cur, limit.rlim_max);
	return number;
}

static int open_pidfd(const struct task *task)
{
	int fd = (int)syscall(SYS_pidfd_open, task->tid, O_EXCL);

	/* O_EXCL is PIDFD_THREAD, Linux 6.9 */
	return fd >= 0 ? fd : (int)syscall(SYS_pidfd_open, task->tgid, 0);
}

/* May this descriptor of the program be replaced for a moment?  The replacement
   closes it, which drops the POSIX locks that the process has on its file. */
static bool may_replace(pid_t tid, int number, bool *cloexec)
{
	char name[32], *text, *flags;
	bool free_of_locks;

	snprintf(name, sizeof(name), "fdinfo/%d", number);
	text = proc_read(tid, name);
	flags = text ? strstr(text, "flags:") : NULL;
	free_of_locks = flags && !strstr(text, "\nlock:");
	*cloexec = flags && (strtoul(flags + 6, NULL, 8) & O_CLOEXEC);
	free(text);
	return free_of_locks;
}

/* Choose a descriptor of the program that may be replaced, and copy it into the
   tracer (pidfd_getfd): false if there is none. */
static bool find_replaceable(struct task *task, struct injected_fd *injected)
{
	int pidfd = open_pidfd(task);

	for (int number = 0; pidfd >= 0 && number < 65536; number++) {
		int copy = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);

		if (copy < 0)
			continue;
		if (may_replace(task->tid, number, &injected->cloexec)) {
			injected->number = number;
			injected->replaced = copy;
			break;
		}
		close(copy);
	}
	if (pidfd >= 0)
		close(pidfd);
	return injected->replaced >= 0;
}

static sysret_t inject_in_place(struct task *task, int fd,
				struct injected_fd *injected)
{
	struct injection injection = { .fd = fd, .fd_flags = O_CLOEXEC };
	sysret_t result;

	if (config.listener < 0 || !find_replaceable(task, injected))
		return -EMFILE;
	injection.at = injected->number;
	result = inject_by_unotify(task, &injection);
	if (result < 0) {
		close(injected->replaced);
		injected->replaced = -1;
	}
	return result;
}

sysret_t fd_inject(struct task *task, int fd, int flags,
		   struct injected_fd *injected)
{
	sysret_t number = inject_anywhere(task, fd, flags);

	*injected = (struct injected_fd){ .replaced = -1 };
	if (number == -EMFILE)
		number = inject_above_soft_limit(task, fd, flags);
	if (number == -EMFILE)
		number = inject_in_place(task, fd, injected);
	if (number >= 0)
		injected->number = (int)number;
	return number;
}

void fd_withdraw(struct task *task, const struct injected_fd *injected)
{
	const uint64_t args[6] = { (uint64_t)injected->number };
	struct injection injection = {
		.fd = injected->replaced,
		.at = injected->number,
		.fd_flags = injected->cloexec ? O_CLOEXEC : 0,
	};

	if (injected->replaced < 0) {
		remote_inject(task, SYS_close, args);
		return;
	}
	inject_by_unotify(task, &injection);
	close(injected->replaced);
}

sysret_t fd_inject_to_keep(struct task *task, int fd, int flags)
{
	struct injection injection = { .fd = fd,
				       .at = -1,
				       .fd_flags = flags & O_CLOEXEC };

	return inject_by_unotify(task, &injection);
}

sysret_t fd_inject_at(struct task *task, int number, int fd, int fd_flags)
{
	struct injection injection = { .fd = fd,
				       .at = number,
				       .fd_flags = fd_flags };

	return inject_by_unotify(task, &injection);
}

sysret_t fd_inject_by_unotify(uint64_t id, int fd)
{
	struct injection injection = { .fd = fd,
				       .at = -1,
				       .fd_flags = O_CLOEXEC };

	answer_with_fd(id, &injection);
	return injection.result < 0 ? injection.result : 0;
}
