// SPDX-License-Identifier: MIT
/*
 * unotify.c - waits on the listener of the tracer's seccomp filter; answers.
 */
#include "tracer/stops/unotify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tracer/util/config.h"

/* Newer than some headers. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct queued {
	struct unotify unotify;
	struct queued *next;
};

static struct queued *first, **last = &first;
static bool hung_up; /* no task is left that has the filter */

bool unotify_can_come(void)
{
	return config.use_unotify && !hung_up;
}

bool unotify_works(int listener)
{
	uint64_t id = 0;

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 ||
	       errno == ENOENT;
}

bool unotify_is_cheap(int listener)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		     SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
}

/* Static: the handlers of SIGCHLD and UNOTIFY_TIMER use it, and siglongjmp()
   leaves local variables with no defined value. */
static struct {
	/* the kernel's structure may be longer than the headers say */
	union { struct seccomp_notif notif; char room[512]; } got;
	sigjmp_buf awake;
	volatile sig_atomic_t asleep;
} sleep_state;

static bool take_got(struct unotify *unotify)
{
	const struct seccomp_notif *notif = &sleep_state.got.notif;

	if (!notif->id)
		return false;
	unotify->id = notif->id;
	unotify->tid = (pid_t)notif->pid;
	unotify->nr = notif->data.nr;
	for (unsigned i = 0; i < 6; i++)
		unotify->args[i] = notif->data.args[i];
	return true;
}

void unotify_answer(uint64_t id, sysret_t result)
{
	union { struct seccomp_notif_resp resp; char room[256]; } answer;

	memset(&answer, 0, sizeof(answer));
	answer.resp.id = id;
	if (result < 0)
		answer.resp.error = (int32_t)result;
	else
		answer.resp.val = result;
	/* SECCOMP_IOCTL_NOTIF_SEND waits for a lock, and a signal breaks that
	   wait off (mutex_lock_interruptible()) */
	while (ioctl(config.listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 &&
	       errno == EINTR)
		;
}

void unotify_defer(const struct unotify *unotify)
{
	struct queued *queued = malloc(sizeof(*queued));

	if (!queued) {
		unotify_answer(unotify->id, -ENOMEM);
		return;
	}
	*queued = (struct queued){ .unotify = *unotify };
	*last = queued;
	last = &queued->next;
}

bool unotify_deferred(struct unotify *unotify)
{
	struct queued *queued = first;

	if (!queued)
		return false;
	*unotify = queued->unotify;
	first = queued->next;
	if (!first)
		last = &first;
	free(queued);
	return true;
}

bool unotify_poll(struct unotify *unotify)
{
	struct pollfd entry = { .fd = config.listener, .events = POLLIN };

	memset(&sleep_state.got, 0, sizeof(sleep_state.got));
	if (poll(&entry, 1, 0) > 0 && entry.revents & POLLIN)
		ioctl(config.listener, SECCOMP_IOCTL_NOTIF_RECV,
		      &sleep_state.got);
	return take_got(unotify);
}

/* Since Linux 6.11 the kernel releases a filter at the beginning of do_exit().
   When the last task that has the filter exits, NOTIF_RECV fails with ENOENT
   at once.  Asked in a loop, it would take the CPU from that exit. */
static bool is_hung_up(void)
{
	struct pollfd entry = { .fd = config.listener };

	return poll(&entry, 1, 0) > 0 && entry.revents & POLLHUP;
}

/* Did SIGCHLD come since unotify_sigchld_came() last said so, and since
   unotify_next() or unotify_wait_sigchld() last returned for it? */
static volatile sig_atomic_t sigchld_came, sigchld_woke;

enum { HINTS = 16 };

static volatile pid_t hints[HINTS];
static volatile sig_atomic_t hint_count, hints_lost;

/* What sigsetjmp() returns after a jump.  SIGCHLD and UNOTIFY_TIMER are both
   unblocked after BY_SIGCHLD (SA_NODEFER), both blocked after BY_TIMER. */
enum { BY_SIGCHLD = 1, BY_TIMER };

static void on_sigchld(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	sigchld_came = sigchld_woke = 1;
	if (hint_count < HINTS)
		hints[hint_count++] = info->si_pid;
	else
		hints_lost = 1;
	if (sleep_state.asleep)
		siglongjmp(sleep_state.awake, BY_SIGCHLD);
}

/* SIGCHLD is blocked here (sa_mask).  If SIGCHLD came before the first
   instruction of this handler, on_sigchld() would jump out, and the timer's
   signal would have had no effect. */
static void on_timer(int sig)
{
	(void)sig;
	sigchld_came = sigchld_woke = hints_lost = 1;
	if (sleep_state.asleep)
		siglongjmp(sleep_state.awake, BY_TIMER);
}

/* Are SIGCHLD and UNOTIFY_TIMER unblocked? */
static bool sigchld_is_allowed;

static void allow_sigchld(bool allow)
{
	sigset_t children;

	if (allow == sigchld_is_allowed)
		return;
	sigchld_is_allowed = allow;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigaddset(&children, UNOTIFY_TIMER);
	sigprocmask(allow ? SIG_UNBLOCK : SIG_BLOCK, &children, NULL);
}

void unotify_set_signals(void)
{
	/* SA_NODEFER: on_sigchld() leaves by siglongjmp(), and sigsetjmp()
	   has saved no mask, so the kernel must not block SIGCHLD */
	const struct sigaction children = {
		.sa_sigaction = on_sigchld,
		.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER,
	};
	struct sigaction timer = {
		.sa_handler = on_timer,
		.sa_flags = SA_RESTART,
	};
	sigset_t blocked;

	sigemptyset(&timer.sa_mask);
	sigaddset(&timer.sa_mask, SIGCHLD);
	sigaction(SIGCHLD, &children, NULL);
	sigaction(UNOTIFY_TIMER, &timer, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, UNOTIFY_TIMER);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

void unotify_block_sigchld(void)
{
	allow_sigchld(false);
}

bool unotify_hint(pid_t *tid)
{
	if (!hint_count)
		return false;
	*tid = hints[--hint_count];
	return true;
}

bool unotify_hints_lost(void)
{
	return hints_lost;
}

void unotify_forget_hints(void)
{
	hint_count = 0;
	hints_lost = 0;
}

bool unotify_sigchld_came(void)
{
	/* test, then clear: SIGCHLD may come between the two */
	if (!sigchld_came)
		return false;
	sigchld_came = 0;
	return true;
}

/*
 * Waits for a notification and for SIGCHLD with one system call, NOTIF_RECV.
 * The plain way is ppoll(), which unblocks SIGCHLD while it waits, NOTIF_RECV,
 * NOTIF_SEND, and a look for pending signals: four system calls for each answer
 * in place of two.
 *
 * Why siglongjmp() in the handler: a flag alone would miss a SIGCHLD that
 * comes after the flag is read and before ioctl() is entered, and ioctl()
 * would then sleep although a task has stopped.  The jump skips the ioctl().
 *
 * A jump can also come after the kernel has given the notification.
 * NOTIF_RECV either fills `got` in whole or changes nothing, so `got`, zeroed
 * before, says which: an id other than 0 is a notification that was taken.
 *
 * If SIGCHLD came before ioctl() was entered, ioctl() is left out.  While many
 * tasks stop, that can happen for seconds on end; so a poll() takes a
 * notification that is there.
 */
bool unotify_next(struct unotify *unotify)
{
	volatile bool began = false;

	memset(&sleep_state.got, 0, sizeof(sleep_state.got));
	switch (sigsetjmp(sleep_state.awake, 0)) {
	case 0:
		sleep_state.asleep = 1;
		allow_sigchld(true);
		if (!sigchld_woke) {
			began = true;
			if (ioctl(config.listener, SECCOMP_IOCTL_NOTIF_RECV,
				  &sleep_state.got) < 0 &&
			    errno == ENOENT && is_hung_up())
				hung_up = true;
		}
		break;
	case BY_TIMER:
		sigchld_is_allowed = false;
		break;
	default:
		break;
	}
	sleep_state.asleep = 0;
	if (hung_up)
		allow_sigchld(false);
	if (began ? take_got(unotify) : unotify_poll(unotify))
		return true;
	sigchld_woke = 0;
	return false;
}

void unotify_wait_sigchld(void)
{
	sigset_t wake;

	allow_sigchld(false);
	sigemptyset(&wake);
	if (!sigchld_woke)
		ppoll(NULL, 0, NULL, &wake);
	sigchld_woke = 0;
}
