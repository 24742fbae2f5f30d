// SPDX-License-Identifier: MIT
/*
 * attributes.c - what a process has beside memory, descriptors and signals:
 * limits, parents, names, clocks; the same at the start and after attaches.
 */
#include "kit.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>


static void say_limits(void)
{
	struct rlimit limit;

	for (int i = 0; i < RLIM_NLIMITS; i++) {
		getrlimit((__rlimit_resource_t)i, &limit);
		say("limit %d: %llx %llx", i,
		    (unsigned long long)limit.rlim_cur,
		    (unsigned long long)limit.rlim_max);
	}
}

static void limits(long arg)
{
	(void)arg;
	say_limits();
	say("%s", round_trip());
	say_limits();
}

static void say_prctls(void)
{
	static const int asked[] = {
		PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_GET_SECCOMP,
		PR_GET_SECUREBITS, PR_GET_TIMERSLACK, PR_GET_NO_NEW_PRIVS,
		PR_GET_THP_DISABLE, PR_GET_IO_FLUSHER, PR_MCE_KILL_GET,
	};
	char name[32] = "";
	int value = -1;

	for (size_t i = 0; i < sizeof(asked) / sizeof(int); i++)
		say("prctl %d: %d", asked[i], prctl(asked[i], 0, 0, 0, 0));
	prctl(PR_GET_PDEATHSIG, &value);
	say("parent death signal %d", value);
	prctl(PR_GET_CHILD_SUBREAPER, &value);
	say("subreaper %d", value);
	prctl(PR_GET_NAME, name);
	say("name %s", name);
}

static void prctls(long arg)
{
	(void)arg;
	say_prctls();
	say("%s", round_trip());
	say_prctls();
}

static void say_status(void)
{
	static const char *const fields[] = {
		"Name", "Umask", "State", "Tgid", "FDSize", "Threads",
		"SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
		"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Uid",
		"Gid", "Groups", "Kthread", "CoreDumping",
		"Cpus_allowed_list", "Mems_allowed_list", "untag_mask",
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const char *value = status_field(fields[i]);

		if (strcmp(fields[i], "Tgid") == 0)
			value = atoi(value) == getpid() ? "mine" : "?";
		if (strcmp(fields[i], "SigQ") == 0)
			value = strchr(value, '/');
		say("%s %s", fields[i], value);
	}
}

static void proc_status(long arg)
{
	(void)arg;
	say_status();
	say("%s", round_trip());
	say_status();
}

static void say_identity(void)
{
	uid_t uid[3];
	gid_t gid[3], groups[64];
	mode_t mask = umask(0);
	int count = getgroups(64, groups);

	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	say("uid %u %u %u gid %u %u %u", uid[0], uid[1], uid[2], gid[0],
	    gid[1], gid[2]);
	for (int i = 0; i < count; i++)
		say("group %u", groups[i]);
	say("personality %x", personality(0xffffffff));
	say("nice %d, scheduler %d", getpriority(PRIO_PROCESS, 0),
	    sched_getscheduler(0));
	say("io priority %ld", syscall(SYS_ioprio_get, 1, 0));
	say("umask %o", mask);
	umask(mask);
	say("oom_score_adj %s", file_text("/proc/self/oom_score_adj"));
}

static void identity(long arg)
{
	(void)arg;
	say_identity();
	say("%s", round_trip());
	say_identity();
}

static void affinity(long arg)
{
	cpu_set_t before, after, one;
	int cpu = 0;

	(void)arg;
	sched_getaffinity(0, sizeof(before), &before);
	say("%d CPUs", CPU_COUNT(&before));
	for (int i = 0; i < 20; i++) {
		detach(shared(page_size()));
		sched_getaffinity(0, sizeof(after), &after);
		claim(CPU_EQUAL(&before, &after), "affinity has changed");
	}
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET((size_t)cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	say("%s", round_trip());
	sched_getaffinity(0, sizeof(after), &after);
	say("%d CPU", CPU_COUNT(&after));
	claim(CPU_EQUAL(&one, &after), "affinity has changed");
}

static void start_of_program(long arg)
{
	static const unsigned long types[] = {
		AT_PAGESZ, AT_PHNUM, AT_PHENT, AT_UID, AT_EUID, AT_GID,
		AT_EGID, AT_SECURE, AT_CLKTCK, AT_HWCAP, AT_HWCAP2, AT_FLAGS,
		AT_MINSIGSTKSZ,
	};
	unsigned long sum = 0;
	char path[256];

	(void)arg;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		say("aux %lu: %lx", types[i], getauxval(types[i]));
	say("executed as %s",
	    strrchr((const char *)getauxval(AT_EXECFN), '/') + 1);
	for (char **entry = environ; *entry; entry++)
		for (const char *p = *entry; ; p++) {
			sum = sum * 31 + (unsigned char)*p;
			if (!*p)
				break;
		}
	say("environment %lx", sum);
	say("in %s", getcwd(path, sizeof(path)));
	say("exe %zd", readlink("/proc/self/exe", path, sizeof(path)));
}

static void say_timers(void)
{
	struct itimerval timer;

	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		getitimer((__itimer_which_t)which, &timer);
		say("timer %d: %s", which, timer.it_value.tv_sec ||
		    timer.it_value.tv_usec ? "set" : "not set");
	}
}

static void timers(long arg)
{
	struct itimerval far = { .it_value.tv_sec = 10000 };

	(void)arg;
	say_timers();
	setitimer(ITIMER_REAL, &far, NULL);
	setitimer(ITIMER_VIRTUAL, &far, NULL);
	setitimer(ITIMER_PROF, &far, NULL);
	say("%s", round_trip());
	say_timers();
}

static void same_parent(long arg)
{
	pid_t parent = getppid(), group = getpgrp(), session = getsid(0);

	(void)arg;
	for (int i = 0; i < 5; i++)
		detach(shared(page_size()));
	say("parent %s, group %s, session %s", parent == getppid() ? "same" :
	    "?", group == getpgrp() ? "same" : "?",
	    session == getsid(0) ? "same" : "?");
	say("%s", getpid() == gettid() ? "leader" : "?");
	say_result("no children", waitpid(-1, NULL, WNOHANG | __WALL));
}

static void die_with_parent(void *arg)
{
	struct gate *gates = arg;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGUSR1);
		shared(page_size());
		close(gates[1].fd[0]);
		gate_open(&gates[0]);
		for (;;)
			pause();
	}
	gate_pass(&gates[0], "the grandchild");
	_exit(0);
}

static void parent_death(long arg)
{
	struct gate gates[2];
	pid_t pid;

	(void)arg;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	gate_init(&gates[0]);
	gate_init(&gates[1]);
	pid = start(die_with_parent, gates);
	say_reaped("child", pid);
	close(gates[1].fd[1]);
	await(gates[1].fd[0], POLLIN | POLLHUP, "the grandchild's end");
	say("grandchild: %s", status_name(reap(-1)));
}

static void personalities(long flag)
{
	void *addr;
	FILE *maps;
	char line[512], start_text[32];

	personality((unsigned long)flag);
	addr = shared(page_size());
	snprintf(start_text, sizeof(start_text), "%lx-",
		 (unsigned long)(uintptr_t)addr);
	maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof(line), maps))
		if (strncmp(line, start_text, strlen(start_text)) == 0)
			say("%.4s", strchr(line, ' ') + 1);
	if (maps)
		fclose(maps);
	say("personality %x", personality(0xffffffff));
	say("%s", round_trip());
}

static void usage(long arg)
{
	struct rusage usage;
	siginfo_t info;
	pid_t pid;

	(void)arg;
	pid = fork();
	if (pid == 0) {
		detach(shared(page_size()));
		_exit(3);
	}
	say_result("wait4", wait4(pid, NULL, 0, &usage) == pid ? 0 : -1);
	claim(usage.ru_maxrss > 0, "no resource usage");
	pid = fork();
	if (pid == 0)
		_exit(3);
	say_result("waitid", syscall(SYS_waitid, P_PID, pid, &info, WEXITED,
				     &usage));
	say("status %d", info.si_status);
}

static void files_in_proc(long arg)
{
	char target[64] = "";

	(void)arg;
	detach(shared(page_size()));
	say("comm %s", file_text("/proc/self/comm"));
	say("threads %s", status_field("Threads"));
	say("wchan %s", file_text("/proc/self/wchan"));
	say_result("cwd", readlink("/proc/self/cwd", target, 60) > 0 ? 0 : -1);
	say_result("root", readlink("/proc/self/root", target, 60));
	say("syscall %.7s", file_text("/proc/self/syscall"));
}

const struct test tests[] = {
	{ "resource_limits", limits, 0, NATIVE },
	{ "prctl_values", prctls, 0, NATIVE },
	{ "proc_status", proc_status, 0, NATIVE },
	{ "identity", identity, 0, NATIVE },
	{ "cpu_affinity", affinity, 0, NATIVE },
	{ "auxiliary_vector_and_environment", start_of_program, 0, NATIVE },
	{ "interval_timers", timers, 0, NATIVE },
	{ "parent_group_and_session", same_parent, 0, NATIVE },
	{ "parent_death_signal", parent_death, 0, NATIVE },
	{ "read_implies_exec", personalities, READ_IMPLIES_EXEC, NATIVE },
	{ "no_address_randomization", personalities, ADDR_NO_RANDOMIZE,
	  NATIVE },
	{ "compatible_layout", personalities, ADDR_COMPAT_LAYOUT, NATIVE },
	{ "resource_usage_of_children", usage, 0, NATIVE },
	{ "files_in_proc", files_in_proc, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
