// SPDX-License-Identifier: MIT
/*
 * confined.c - attaching does not depend on where and as whom the program
 * runs: /proc, root directory, users, namespaces, capabilities, Landlock.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void need_root(void)
{
	if (geteuid() != 0)
		skip("needs root");
}

static void attach_twice(void)
{
	say("%s", round_trip());
	say("%s", round_trip());
}

static void private_mounts(void)
{
	need_root();
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip("no mount namespace");
}

/* `before`: attached once while everything was there. */
static void no_proc(long before)
{
	if (before)
		say("%s", round_trip());
	private_mounts();
	if (umount2("/proc", MNT_DETACH) < 0)
		broken("umount /proc");
	say_result("open /proc/self/maps", open("/proc/self/maps", O_RDONLY));
	attach_twice();
}

static void hidden_proc(long arg)
{
	(void)arg;
	private_mounts();
	if (mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		broken("mount over /proc");
	attach_twice();
}

/* Other files by the names that a tracer's descriptors would have. */
static void forged_proc(long arg)
{
	long tracer = atol(status_field("TracerPid"));
	char path[64];

	(void)arg;
	private_mounts();
	if (mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		broken("mount over /proc");
	snprintf(path, sizeof(path), "/proc/%ld", tracer);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "/proc/%ld/fd", tracer);
	mkdir(path, 0755);
	for (int fd = 0; fd < 64; fd++) {
		int file;

		snprintf(path, sizeof(path), "/proc/%ld/fd/%d", tracer, fd);
		file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0777);
		if (file < 0 || ftruncate(file, (off_t)page_size()) < 0)
			broken(path);
		close(file);
	}
	attach_twice();
	for (int fd = 0; fd < 64; fd++) {
		char byte = 0;
		int file;

		snprintf(path, sizeof(path), "/proc/%ld/fd/%d", tracer, fd);
		file = open(path, O_RDONLY | O_CLOEXEC);
		claim(read(file, &byte, 1) == 1 && byte == 0,
		      "%s was written to", path);
		close(file);
	}
}

static void foreign_proc(long arg)
{
	pid_t pid;

	(void)arg;
	private_mounts();
	if (unshare(CLONE_NEWPID) < 0)
		skip("no pid namespace");
	pid = fork();
	if (pid == 0) {
		if (mount("proc", "/proc", "proc", 0, NULL) < 0)
			broken("mount /proc");
		say("pid %d", getpid());
		attach_twice();
		_exit(0);
	}
	say_reaped("child", pid);
	say("%s", round_trip());
}

static void in_chroot(long before)
{
	char dir[] = "/tmp/conform.XXXXXX";
	int tmp = open("/tmp", O_PATH | O_CLOEXEC);

	need_root();
	if (before)
		say("%s", round_trip());
	if (!mkdtemp(dir) || chroot(dir) < 0 || chdir("/") < 0 ||
	    unlinkat(tmp, dir + strlen("/tmp/"), AT_REMOVEDIR) < 0)
		broken("chroot");
	close(tmp);
	say_result("open /proc", open("/proc", O_RDONLY));
	attach_twice();
}

static void in_removed_directory(long arg)
{
	char dir[] = "/tmp/conform.XXXXXX";

	(void)arg;
	if (!mkdtemp(dir) || chdir(dir) < 0 || rmdir(dir) < 0)
		broken("rmdir");
	attach_twice();
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		broken("setresuid");
}

static void after_setuid(long before)
{
	need_root();
	int old = segment(page_size());

	if (before)
		say("%s", round_trip());
	become_nobody();
	attach_twice();
	say_result("root's",
		   (long)(intptr_t)shmat(old, NULL, 0) == -1 ? -1 : 0);
	say_result("create", shmget(12, 10, IPC_CREAT | 0600));
}

static void after_seteuid(long arg)
{
	struct shmid_ds ds;

	(void)arg;
	need_root();
	if (seteuid(NOBODY) < 0)
		broken("seteuid");
	attach_twice();
	shmctl(segment(1), IPC_STAT, &ds);
	say("uid %u cuid %u", ds.shm_perm.uid, ds.shm_perm.cuid);
	if (seteuid(0) < 0)
		broken("seteuid");
	shmctl(segment(1), IPC_STAT, &ds);
	say("uid %u cuid %u", ds.shm_perm.uid, ds.shm_perm.cuid);
}

static void *thread_as_nobody(void *arg)
{
	int id = *(int *)arg;

	syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY);
	say("thread: uid %u, %s", geteuid(), round_trip());
	say_result("thread: root's", (long)(intptr_t)shmat(id, NULL, 0) == -1 ?
		   -1 : 0);
	return NULL;
}

/* Credentials belong to threads; only the C library keeps them equal. */
static void setuid_in_one_thread(long arg)
{
	pthread_t thread;
	int id = segment(page_size());

	(void)arg;
	need_root();
	pthread_create(&thread, NULL, thread_as_nobody, &id);
	pthread_join(thread, NULL);
	say("leader: uid %u, %s, nattch %ld", geteuid(), round_trip(),
	    (attach(id), nattch(id)));
}

static void without_capabilities(long arg)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { { 0 } };

	(void)arg;
	if (syscall(SYS_capset, &head, data) < 0)
		broken("capset");
	attach_twice();
	say_result("set", shmctl(segment(1), IPC_RMID, NULL));
}

/* PR_SET_MDWE, Linux 6.3: no memory is writable and executable. */
static void without_exec_gain(long before)
{
	int id = segment(page_size());
	void *addr;

	need_linux(6, 3);
	if (before)
		say("%s", round_trip());
	say_result("PR_SET_MDWE", prctl(65, 1, 0, 0, 0));
	attach_twice();
	addr = shmat(id, NULL, SHM_EXEC);
	say_result("SHM_EXEC", addr == (void *)-1 ? -1 : 0);
	addr = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
	say_result("SHM_EXEC | SHM_RDONLY", addr == (void *)-1 ? -1 : 0);
	say("%s", round_trip());
}

static void not_dumpable(long before)
{
	if (before)
		say("%s", round_trip());
	prctl(PR_SET_DUMPABLE, 0);
	attach_twice();
	say("dumpable %d", prctl(PR_GET_DUMPABLE));
}

static void in_new_namespace(long flag)
{
	int old = segment(page_size());
	char *addr = attach(old);

	*addr = 5;
	if (unshare((int)flag) < 0)
		skip("namespace cannot be made");
	attach_twice();
	say("uid %u, old one holds %d, nattch %ld", geteuid(), *addr,
	    nattch(old));
	say_result("detach", shmdt(addr));
	say_result("nattch", nattch(old));
}

static void in_new_pid_namespace(long arg)
{
	struct shmid_ds ds;
	int id = segment(page_size());
	pid_t pid;

	(void)arg;
	if (unshare(CLONE_NEWPID) < 0)
		skip("no pid namespace");
	pid = start((void (*)(void *))attach_twice, NULL);
	say_reaped("child", pid);
	pid = fork();
	if (pid < 0)
		say_result("second fork", -1);
	detach(attach(id));
	shmctl(id, IPC_STAT, &ds);
	say("last is %s", ds.shm_lpid == getpid() ? "me" : "another");
}

static int child_of_namespace(void *arg)
{
	struct shmid_ds ds;
	int id = *(int *)arg;

	attach_twice();
	attach(id);
	shmctl(id, IPC_STAT, &ds);
	say("pid %d: lpid %d cpid %d nattch %lu", getpid(), ds.shm_lpid,
	    ds.shm_cpid, (unsigned long)ds.shm_nattch);
	return 0;
}

static void cloned_into_pid_namespace(long flags)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct shmid_ds ds;
	int id = segment(page_size());
	pid_t pid = clone(child_of_namespace, stack + sizeof(stack),
			  (int)flags | SIGCHLD, &id);

	if (pid < 0)
		skip("namespace cannot be made");
	say_reaped("child", pid);
	shmctl(id, IPC_STAT, &ds);
	say("lpid %s, cpid %s, nattch %lu", ds.shm_lpid == pid ? "child" : "?",
	    ds.shm_cpid == getpid() ? "me" : "?",
	    (unsigned long)ds.shm_nattch);
}

static void under_landlock(long arg)
{
	struct landlock_ruleset_attr rules = {
		.handled_access_fs = (1 << 13) - 1
	};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &rules,
			      sizeof(rules.handled_access_fs), 0);

	(void)arg;
	if (fd < 0)
		skip("no Landlock");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		broken("landlock_restrict_self");
	close(fd);
	say_result("open", open("/dev/null", O_RDONLY));
	attach_twice();
}

static void with_limit(long resource)
{
	__rlimit_resource_t which = (__rlimit_resource_t)resource;
	struct rlimit limit, zero;
	const char *verdict;

	getrlimit(which, &limit);
	zero = limit;
	zero.rlim_cur = 0;
	setrlimit(which, &zero);
	verdict = round_trip();
	setrlimit(which, &limit);
	say("%s", verdict);
}

static void with_umask(long arg)
{
	(void)arg;
	umask(0777);
	attach_twice();
}

static void other_session(long arg)
{
	(void)arg;
	if (fork() == 0) {
		setsid();
		attach_twice();
		_exit(0);
	}
	say_reaped("child", -1);
}

const struct test tests[] = {
	{ "without_proc", no_proc, 0, NATIVE },
	{ "without_proc_after_an_attach", no_proc, 1, NATIVE },
	{ "with_a_file_system_over_proc", hidden_proc, 0, NATIVE },
	{ "with_other_files_in_proc", forged_proc, 0, NATIVE },
	{ "with_proc_of_another_pid_namespace", foreign_proc, 0, NATIVE },
	{ "in_a_chroot", in_chroot, 0, NATIVE },
	{ "in_a_chroot_after_an_attach", in_chroot, 1, NATIVE },
	{ "in_a_removed_directory", in_removed_directory, 0, NATIVE },
	{ "after_setuid", after_setuid, 0, NATIVE },
	{ "after_an_attach_and_setuid", after_setuid, 1, NATIVE },
	{ "after_seteuid_and_back", after_seteuid, 0, NATIVE },
	{ "setuid_in_one_thread", setuid_in_one_thread, 0, NATIVE },
	{ "without_capabilities", without_capabilities, 0, NATIVE },
	{ "not_dumpable", not_dumpable, 0, NATIVE },
	{ "not_dumpable_after_an_attach", not_dumpable, 1, NATIVE },
	{ "memory_deny_write_execute", without_exec_gain, 0, NATIVE },
	{ "memory_deny_write_execute_after_an_attach", without_exec_gain, 1,
	  NATIVE },
	{ "in_a_new_user_namespace", in_new_namespace, CLONE_NEWUSER, NATIVE },
	{ "in_a_new_mount_namespace", in_new_namespace, CLONE_NEWNS, NATIVE },
	{ "in_a_new_net_namespace", in_new_namespace, CLONE_NEWNET, NATIVE },
	{ "in_a_new_uts_namespace", in_new_namespace, CLONE_NEWUTS, NATIVE },
	{ "in_a_new_cgroup_namespace", in_new_namespace, CLONE_NEWCGROUP,
	  NATIVE },
	{ "in_a_new_user_and_net_namespace", in_new_namespace,
	  CLONE_NEWUSER | CLONE_NEWNET, NATIVE },
	{ "in_new_user_mount_and_pid_namespaces", in_new_namespace,
	  CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, NATIVE },
	{ "in_a_new_pid_namespace", in_new_pid_namespace, 0, NATIVE },
	{ "cloned_into_a_pid_namespace", cloned_into_pid_namespace,
	  CLONE_NEWPID, NATIVE },
	{ "cloned_into_user_and_pid_namespaces", cloned_into_pid_namespace,
	  CLONE_NEWUSER | CLONE_NEWPID, NATIVE },
	{ "under_landlock", under_landlock, 0, NATIVE },
	{ "with_file_size_limit_0", with_limit, RLIMIT_FSIZE, NATIVE },
	{ "with_memlock_limit_0", with_limit, RLIMIT_MEMLOCK, NATIVE },
	{ "with_process_limit_0", with_limit, RLIMIT_NPROC, NATIVE },
	{ "with_data_limit_0", with_limit, RLIMIT_DATA, NATIVE },
	{ "with_umask_0777", with_umask, 0, NATIVE },
	{ "in_another_session", other_session, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
