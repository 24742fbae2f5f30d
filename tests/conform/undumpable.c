// SPDX-License-Identifier: MIT
/*
 * undumpable.c - processes that are not dumpable, as ssh-agent is: an ordinary
 * user's shmtrace may not look into them.
 */
#include "tests/conform/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *end_thread(void *arg)
{
	return arg;
}

static void create_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, end_thread, NULL);

	say("pthread_create: %s", error ? error_name(error) : "ok");
	if (!error)
		say("pthread_join %d", pthread_join(thread, NULL));
}

static void clone_with(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t self = getpid();
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		claim(getpid() != self, "clone3 gave 0 to the parent");
		_exit(prctl(PR_GET_DUMPABLE) == 0 ? 3 : 4);
	}
	say("clone3 %s, flags %#llx", pid > 0 ? "ok" : error_name(errno),
	    (unsigned long long)args.flags);
	if (pid > 0)
		say_reaped("child", (pid_t)pid);
}

static void make_children(void)
{
	struct clone_args args = { .exit_signal = 77777 };

	clone_with(0);
	clone_with(CLONE_UNTRACED);
	say_result("clone3 of a bad signal",
		   syscall(SYS_clone3, &args, sizeof(args)));
	say_result("clone3 of nothing",
		   syscall(SYS_clone3, NULL, sizeof(args)));
}

static void bind_piece(void)
{
	unsigned long nodes = 1;
	char *addr = shared(8 * page_size());

	say_result("mbind", syscall(SYS_mbind, addr, page_size(), MPOL_BIND,
				    &nodes, 8UL, 0));
	say_result("mbind", syscall(SYS_mbind, addr, page_size(), MPOL_BIND,
				    NULL, 8UL, 0));
}

static long install(const struct sock_fprog *program)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program);
}

static void install_filters(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EUCLEAN),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog nothing = { 4096, NULL }, good = { 4, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say_result("no program", install((void *)(uintptr_t)1));
	say_result("no code", install(&nothing));
	say_result("filter", install(&good));
	say_result("getsid", getsid(0));
	say("%s", round_trip());
}

static void attach_and_ask(void)
{
	char *addr = mmap(NULL, page_size(), PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct shmid_ds ds;
	int id = segment(page_size());
	void *at = attach(id);

	say_result("stat", shmctl(id, IPC_STAT, &ds));
	say("nattch %lu", (unsigned long)ds.shm_nattch);
	ds.shm_perm.mode = 0640;
	say_result("set", shmctl(id, IPC_SET, &ds));
	say_result("stat", shmctl(id, IPC_STAT, &ds));
	say("mode %o", ds.shm_perm.mode);
	say_result("stat of nothing", shmctl(id, IPC_STAT, NULL));
	say_result("stat into a page that is not writable",
		   shmctl(id, IPC_STAT, (struct shmid_ds *)addr));
	mprotect(addr, page_size(), PROT_NONE);
	say_result("set from a page that is not readable",
		   shmctl(id, IPC_SET, (struct shmid_ds *)addr));
	detach(at);
	say("%s", round_trip());
}

/* This text makes shmtrace take us for one that looks at such files. */
static void look_at_proc(void)
{
	int id = shmget(0x756e64, page_size(), IPC_CREAT | 0600);
	const char *line;
	int fd = open("/proc/sys/kernel/shmmax", O_RDONLY | O_CLOEXEC);

	say("shmmax %s", fd >= 0 ? "ok" : error_name(errno));
	close(fd);
	line = strstr(file_text("/proc/sysvipc/shm"), "  7695972 ");
	say("line of the segment: %s", line ? "yes" : "no");
	shmctl(id, IPC_RMID, NULL);
}

static void (*const calls[])(void) = {
	create_thread,	 make_children,	 bind_piece,
	install_filters, attach_and_ask, look_at_proc,
};

enum { CREATE_THREAD, MAKE_CHILDREN, BIND, FILTER, ASK, LOOK };

static void itself(long which)
{
	prctl(PR_SET_DUMPABLE, 0);
	calls[which]();
	say("dumpable %d", prctl(PR_GET_DUMPABLE));
}

/* It was never dumpable: its parent did that. */
static void child(long which)
{
	pid_t pid;

	prctl(PR_SET_DUMPABLE, 0);
	pid = fork();
	if (pid == 0) {
		calls[which]();
		say("dumpable %d", prctl(PR_GET_DUMPABLE));
		_exit(0);
	}
	say_reaped("child", pid);
}

/* More address spaces than shmtrace keeps open files of. */
static void many(long count)
{
	struct gate ready, go;

	prctl(PR_SET_DUMPABLE, 0);
	gate_init(&ready);
	gate_init(&go);
	for (long i = 0; i < 2 * count; i++) {
		struct shmid_ds ds;

		if (i >= count) {
			gate_open(&go);
			continue;
		}
		if (fork() > 0) {
			gate_pass(&ready, "a child");
			continue;
		}
		for (int round = 0; round < 2; round++) {
			int id = segment(page_size());

			detach(attach(id));
			claim(shmctl(id, IPC_STAT, &ds) == 0, "stat");
			claim(shmctl(id, IPC_RMID, NULL) == 0, "rmid");
			claim(prctl(PR_GET_DUMPABLE) == 0, "dumpable");
			if (round == 0)
				gate_open(&ready);
			if (round == 0)
				gate_pass(&go, "all");
		}
		_exit(0);
	}
	for (long i = 0; i < count; i++)
		claim(reap(-1) == 0, "child %ld", i);
	say("done");
}

#define BOTH(name, which)                                                      \
	{ name, itself, which, NATIVE },                                       \
	{                                                                      \
		name "_in_a_child", child, which, NATIVE                       \
	}

const struct test tests[] = {
	BOTH("creates_a_thread", CREATE_THREAD),
	BOTH("calls_clone3", MAKE_CHILDREN),
	BOTH("calls_mbind", BIND),
	BOTH("installs_filters", FILTER),
	BOTH("asks_and_sets", ASK),
	BOTH("looks_at_proc", LOOK),
	{ "hundred_address_spaces", many, 100, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
