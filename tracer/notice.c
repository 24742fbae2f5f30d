// SPDX-License-Identifier: MIT
/*
 * notice.c - the listener of our seccomp filter.
 */
#include "tracer/notice.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tracer/run.h"

/* Newer than some headers. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

struct queued {
	struct notice notice;
	struct queued *next;
};

static struct queued *first, **last = &first;

bool notice_works(int listener)
{
	uint64_t id = 0;

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 ||
	       errno == ENOENT;
}

bool notice_is_cheap(int listener)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		     SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
}

bool notice_receive(struct notice *notice)
{
	/* the kernel's structure may be longer than our headers say */
	union { struct seccomp_notif notif; char room[512]; } got;

	memset(&got, 0, sizeof(got));
	if (ioctl(run.listener, SECCOMP_IOCTL_NOTIF_RECV, &got) < 0)
		return false;
	notice->id = got.notif.id;
	notice->tid = (pid_t)got.notif.pid;
	notice->nr = got.notif.data.nr;
	for (unsigned i = 0; i < 6; i++)
		notice->args[i] = got.notif.data.args[i];
	return true;
}

void notice_answer(uint64_t id, sysret_t result)
{
	union { struct seccomp_notif_resp resp; char room[256]; } answer;

	memset(&answer, 0, sizeof(answer));
	answer.resp.id = id;
	if (result < 0)
		answer.resp.error = (int32_t)result;
	else
		answer.resp.val = result;
	ioctl(run.listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

void notice_defer(const struct notice *notice)
{
	struct queued *queued = malloc(sizeof(*queued));

	if (!queued) {
		notice_answer(notice->id, -ENOMEM);
		return;
	}
	*queued = (struct queued){ .notice = *notice };
	*last = queued;
	last = &queued->next;
}

bool notice_deferred(struct notice *notice)
{
	struct queued *queued = first;

	if (!queued)
		return false;
	*notice = queued->notice;
	first = queued->next;
	if (!first)
		last = &first;
	free(queued);
	return true;
}

bool notice_is_there(void)
{
	struct pollfd entry = { .fd = run.listener, .events = POLLIN };

	return poll(&entry, 1, 0) > 0 && entry.revents & POLLIN;
}

static volatile sig_atomic_t children_came;

static void note_children(int sig)
{
	(void)sig;
	children_came = 1;
}

void notice_set_signals(void)
{
	const struct sigaction note = { .sa_handler = note_children };
	sigset_t blocked;

	sigaction(SIGCHLD, &note, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

bool notice_children_came(void)
{
	sigset_t pending;
	bool came = children_came;

	children_came = 0;
	if (came)
		return true;
	sigpending(&pending);
	return sigismember(&pending, SIGCHLD);
}

bool notice_wait(void)
{
	struct pollfd entry = { .fd = run.listener, .events = POLLIN };
	sigset_t wake;

	sigemptyset(&wake);	/* SIGCHLD comes in only while we poll */
	return ppoll(&entry, 1, NULL, &wake) > 0 && entry.revents & POLLIN;
}
