// SPDX-License-Identifier: MIT
/*
 * unotify.c - the listener of our seccomp filter.
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
static bool hung_up; /* no task is left that could send one */

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

/* Static: a signal may break off the sleep at any moment. */
static struct {
	/* the kernel's structure may be longer than our headers say */
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
	/* it may wait for a lock, which a signal breaks off */
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

/* Since Linux 6.11 a filter is released at the beginning of exit: when its last
   user ends nobody can wait for it any more, and the exit itself, which we are
   about to wait for, would share the CPU with our questions. */
static bool is_hung_up(void)
{
	struct pollfd entry = { .fd = config.listener };

	return poll(&entry, 1, 0) > 0 && entry.revents & POLLHUP;
}

/* SIGCHLD since it was last asked for: by the loop, by one who sleeps. */
static volatile sig_atomic_t sigchld_came, sigchld_woke;

enum { HINTS = 16 };

static volatile pid_t hints[HINTS];
static volatile sig_atomic_t hint_count, hints_lost;

/* What sigsetjmp returns: both signals are let in still, or none. */
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

/* SIGCHLD is kept out here: one that came before our first instruction would
   jump away, and we would be lost. */
static void on_timer(int sig)
{
	(void)sig;
	sigchld_came = sigchld_woke = hints_lost = 1;
	if (sleep_state.asleep)
		siglongjmp(sleep_state.awake, BY_TIMER);
}

/* Is SIGCHLD let in? */
static bool sigchld_is_allowed;

static void allow_sigchld(bool open)
{
	sigset_t children;

	if (open == sigchld_is_allowed)
		return;
	sigchld_is_allowed = open;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigaddset(&children, UNOTIFY_TIMER);
	sigprocmask(open ? SIG_UNBLOCK : SIG_BLOCK, &children, NULL);
}

void unotify_set_signals(void)
{
	/* leaving by a jump must not leave it blocked */
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
	/* in this order: it may come in between */
	if (!sigchld_came)
		return false;
	sigchld_came = 0;
	return true;
}

/* The kernel fills the buffer in, or nothing has happened: whichever way we
   come back, the buffer tells.  Where SIGCHLD never let us begin, as it does
   when many tasks stop, a notice may have waited for long: look for it. */
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
