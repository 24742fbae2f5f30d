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
#include <sys/prctl.h>
#include <sys/resource.h>
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

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		broken(path);
	close(fd);
}

static void write_map(const char *path, unsigned inside, unsigned outside)
{
	char line[64];

	snprintf(line, sizeof(line), "%u %u 1", inside, outside);
	write_file(path, line);
}

/* A user namespace where we are `inside`. */
static void new_users(int flags, unsigned inside)
{
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER | flags) < 0)
		skip("no user namespace");
	write_map("/proc/self/uid_map", inside, uid);
	write_file("/proc/self/setgroups", "deny");
	write_map("/proc/self/gid_map", inside, gid);
}

static void say_owners(const char *who, int id)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds) < 0)
		say_result(who, -1);
	else
		say("%s: %u:%u by %u:%u", who, ds.shm_perm.uid,
		    ds.shm_perm.gid, ds.shm_perm.cuid, ds.shm_perm.cgid);
}

static void say_set(const char *what, int id, unsigned uid, unsigned gid)
{
	struct shmid_ds ds = { .shm_perm = {
		.uid = uid, .gid = gid, .mode = 0600
	} };

	say_result(what, shmctl(id, IPC_SET, &ds));
	say_owners(what, id);
}

static void users_unmapped(long arg)
{
	int id = segment(1);

	(void)arg;
	if (unshare(CLONE_NEWUSER) < 0)
		skip("no user namespace");
	say_owners("unmapped", id);
	say_set("set to 0", id, 0, 0);
	say_set("set to 65534", id, 65534, 65534);
	say_owners("created inside", segment(1));
}

static void users_mapped(long inside)
{
	int id = segment(1);
	unsigned self = (unsigned)inside;

	new_users(0, self);
	say_owners("mapped", id);
	say_owners("created inside", segment(1));
	say_set("set to itself", id, self, self);
	say_set("set to another user", id, self + 1, self);
	say_set("set to another group", id, self, self + 1);
	say_set("set to nobody", id, (unsigned)-1, self);
	say("uid is %u", geteuid());
}

/* Segments of an outer user that we have no name for. */
static void users_above(long arg)
{
	int id = segment(1), open_id = shmget(IPC_PRIVATE, 1, 0666);
	struct shmid_ds ds = { .shm_perm = {
		.uid = 12345, .gid = 54321, .mode = 0666
	} };

	(void)arg;
	if (geteuid() != 0)
		skip("needs root");
	shmctl(open_id, IPC_SET, &ds);
	new_users(0, 0);
	say_owners("root's", id);
	say_owners("another's", open_id);
	say_set("another's, by its creator", open_id, 0, 0);
}

static void users_children(void *arg)
{
	new_users(0, 7);
	say_owners("inner", *(int *)arg);
	say_owners("inner's own", segment(1));
}

static void users_of_two_levels(long arg)
{
	int id = segment(1);

	(void)arg;
	new_users(0, 5);
	say_owners("outer", id);
	say_reaped("inner", start(users_children, &id));
}

/* Does a capability in our user namespace help? */
static void say_power(const char *who, int id)
{
	struct shmid_ds ds;

	say_result(who, shmctl(id, IPC_STAT, &ds));
	say_result("lock", shmctl(id, SHM_LOCK, NULL));
	say_result("remove", shmctl(id, IPC_RMID, NULL));
}

/* Neither its owner nor its creator, but in the group of both. */
static int segment_of_another(void)
{
	struct shmid_ds ds = { .shm_perm = { .mode = 0 } };
	int id = shmget(IPC_PRIVATE, 1, 0);

	ds.shm_perm.uid = geteuid();
	ds.shm_perm.gid = getegid();
	shmctl(id, IPC_SET, &ds);
	return id;
}

static void capabilities(long flags)
{
	int id = segment_of_another();

	new_users((int)flags, 0);
	say_power("older one", id);
	say_power("own one", segment_of_another());
}

/* The limit on locked memory and the pool of huge pages are the machine's:
   a capability in a namespace does not help. */
static void machine_limits(long flags)
{
	struct rlimit limit = { 4 * page_size(), 4 * page_size() };
	int small, large;

	if (geteuid() == 0 && setresgid(NOBODY, NOBODY, NOBODY) < 0)
		broken("setresgid");
	if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
		broken("setresuid");
	prctl(PR_SET_DUMPABLE, 1);
	new_users((int)flags, 0);
	setrlimit(RLIMIT_MEMLOCK, &limit);
	small = segment(1);
	large = segment(64 * page_size());
	say_result("small", shmctl(small, SHM_LOCK, NULL));
	say_result("large", shmctl(large, SHM_LOCK, NULL));
	say_result("huge", shmget(IPC_PRIVATE, (size_t)1 << 42,
				  SHM_HUGETLB | 0600));
}

/* Whom an open file keeps alive. */
static void entered_again(long leaver)
{
	int before, inner, id;
	struct shmid_ds ds;

	if (leaver && unshare(CLONE_NEWUSER | CLONE_NEWIPC) < 0)
		skip("no user namespace");
	if (!leaver && unshare(CLONE_NEWIPC) < 0)
		skip("needs root");
	before = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	id = segment(8);
	say("first %d", id);
	if (unshare(CLONE_NEWIPC) < 0)
		broken("unshare");
	inner = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	segment(1);
	say("second %d", segment(9));
	say_result("back", setns(before, CLONE_NEWIPC));
	shmctl(id, IPC_STAT, &ds);
	say("size %zu", ds.shm_segsz);
	say_result("and forth", setns(inner, CLONE_NEWIPC));
	shmctl(1, IPC_STAT, &ds);
	say("size %zu", ds.shm_segsz);
	close(inner);
	setns(before, CLONE_NEWIPC);
	for (int i = 0; i < 20; i++) {
		if (unshare(CLONE_NEWIPC) < 0)
			broken("unshare");
		say_result("nothing here", shmctl(0, IPC_STAT, &ds));
		segment(1);
	}
}

/* Attached segments of a namespace that is gone stay where they are. */
static void attached_elsewhere(long arg)
{
	char *addr;

	(void)arg;
	if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) < 0)
		skip("no user namespace");
	addr = shared(page_size());
	addr[0] = 5;
	for (int i = 0; i < 3; i++) {
		if (unshare(CLONE_NEWIPC) < 0)
			broken("unshare");
		segment(1);
	}
	say("holds %d", addr[0]++);
	say_result("detach", shmdt(addr));
	say("%s", round_trip());
}

const struct test tests[] = {
	{ "pids_from_inside", seen_from_inside, 0, NATIVE },
	{ "pids_of_two_levels", two_levels, 0, NATIVE },
	{ "pids_of_a_sibling_are_0", siblings, 0, NATIVE },
	{ "users_without_a_map_are_nobody", users_unmapped, 0, NATIVE },
	{ "users_of_a_map_to_root", users_mapped, 0, NATIVE },
	{ "users_of_a_map_to_7", users_mapped, 7, NATIVE },
	{ "users_above_the_map", users_above, 0, NATIVE },
	{ "users_of_two_levels", users_of_two_levels, 0, NATIVE },
	{ "capabilities_below_do_not_help", capabilities, 0, NATIVE },
	{ "capabilities_over_an_own_namespace", capabilities, CLONE_NEWIPC,
	  NATIVE },
	{ "capabilities_do_not_reach_the_machine", machine_limits, 0,
	  NATIVE },
	{ "capabilities_over_an_own_namespace_do_neither", machine_limits,
	  CLONE_NEWIPC, NATIVE },
	{ "namespace_is_entered_again", entered_again, 0, NATIVE },
	{ "namespace_of_a_user_is_entered_again", entered_again, 1, NATIVE },
	{ "attachment_outlives_its_namespace", attached_elsewhere, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
