// SPDX-License-Identifier: MIT
/*
 * namespaces.c - ids and process ids as the namespaces of the caller have
 * them, and how long an IPC namespace lives.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void say_pids(const char *who, int id)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds) < 0)
		broken("IPC_STAT");
	say("%s: cpid %d lpid %d", who, ds.shm_cpid, ds.shm_lpid);
}

/* As say_pids, for numbers that differ from run to run. */
static void say_whose(const char *who, int id, pid_t one)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds) < 0)
		broken("IPC_STAT");
	say("%s: cpid %s lpid %s", who,
	    ds.shm_cpid == one ? "it" : ds.shm_cpid ? "another" : "0",
	    ds.shm_lpid == one ? "it" : ds.shm_lpid ? "another" : "0");
}

static void new_pids(void)
{
	if (unshare(CLONE_NEWPID) < 0)
		skip("no pid namespace");
}

static void touch(void *arg)
{
	detach(attach(*(int *)arg));
}

static void nested_family(void *arg)
{
	int id = *(int *)arg, own = segment(1);

	say("init is %d", getpid());
	say_pids("parent's", id);
	reap(start(touch, &id));
	say_pids("touched by a child that is gone", id);
	reap(start(touch, &own));
	reap(start(touch, &own));
	say_pids("own, touched by the third", own);
}

static void seen_from_inside(long arg)
{
	int id = segment(1);
	pid_t pid;

	(void)arg;
	detach(attach(id));
	new_pids();
	pid = start(nested_family, &id);
	say_reaped("family", pid);
	say_whose("outside", id, pid);
	touch(&id);
	say_whose("outside, touched", id, getpid());
}

static void inner(void *arg)
{
	int *ids = arg;

	say("inner is %d", getpid());
	detach(attach(ids[1]));
	say_pids("outermost's from inside", ids[0]);
	say_pids("outer's from inside", ids[1]);
}

static void outer(void *arg)
{
	int ids[2] = { *(int *)arg, segment(1) };

	new_pids();
	say_reaped("inner", start(inner, ids));
	say_pids("outer's from outer", ids[1]);
	detach(attach(ids[0]));
}

static void two_levels(long arg)
{
	int id = segment(1);
	pid_t pid;

	(void)arg;
	new_pids();
	pid = start(outer, &id);
	say_reaped("outer", pid);
	say_whose("outermost", id, pid);
}

static void sibling(void *arg)
{
	int id = *(int *)arg;

	say_pids("sibling sees", id);
	detach(attach(id));
	say_pids("sibling touched", id);
}

/* Their inits are 1, both; the namespaces may get the same number. */
static void siblings(long arg)
{
	int id = segment(1);

	(void)arg;
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			new_pids();
			say_reaped("one", start(sibling, &id));
			_exit(0);
		}
		reap(pid);
	}
}

const struct test tests[] = {
	{ "pids_from_inside", seen_from_inside, 0, NATIVE },
	{ "pids_of_two_levels", two_levels, 0, NATIVE },
	{ "pids_of_a_sibling_are_0", siblings, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
