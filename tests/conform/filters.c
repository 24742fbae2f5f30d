// SPDX-License-Identifier: MIT
/*
 * filters.c - programs with seccomp filters of their own: what the filter
 * says of the shared-memory calls counts, and what it says of other calls
 * does not keep an attach from working.
 */
#include "kit.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum how {
	BY_ERRNO = 1,		/* what becomes of a refused call */
	BY_KILL = 2,
	BY_TRAP = 4,
	LATE = 8,		/* installed after a first attach */
	TSYNC = 16,
	BY_PRCTL = 32,
	DENY = 64,		/* a deny-list; else an allow-list */
};

enum { ROOM = 2000 };
static struct sock_filter code[ROOM];
static unsigned short used;

static void emit(uint16_t op, uint8_t yes, uint8_t no, uint32_t k)
{
	code[used++] = (struct sock_filter){ op, yes, no, k };
}

static void load(size_t offset)
{
	emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void answer(uint32_t action)
{
	emit(BPF_RET | BPF_K, 0, 0, action);
}

static void begin(void)
{
	used = 0;
	load(offsetof(struct seccomp_data, nr));
}

/* In a filter that begin() began. */
static void answer_call(long nr, uint32_t action)
{
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)nr);
	answer(action);
}

static long install(unsigned flags)
{
	struct sock_fprog program = { used, code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void must_install(unsigned flags)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || install(flags))
		broken("seccomp");
}

static uint32_t action_of(long how)
{
	if (how & BY_KILL)
		return SECCOMP_RET_KILL_PROCESS;
	if (how & BY_TRAP)
		return SECCOMP_RET_TRAP;
	return SECCOMP_RET_ERRNO | ENOTTY;
}

static const long needed[] = {
	SYS_shmget, SYS_shmat, SYS_shmdt, SYS_shmctl, SYS_write, SYS_exit,
	SYS_exit_group, SYS_rt_sigreturn,
};

static const long refused[] = {
	SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_close, SYS_openat,
	SYS_dup, SYS_dup3, SYS_fcntl, SYS_ioctl, SYS_socket, SYS_recvmsg,
	SYS_memfd_create, SYS_prlimit64, SYS_getpid, SYS_getppid, SYS_gettid,
	SYS_seccomp, SYS_prctl, SYS_rt_sigprocmask, SYS_read, SYS_brk,
	SYS_madvise, SYS_sched_yield,
};

static void build(long how)
{
	uint32_t action = action_of(how);

	begin();
	if (how & DENY) {
		for (size_t i = 0; i < sizeof(refused) / sizeof(long); i++)
			answer_call(refused[i], action);
		answer(SECCOMP_RET_ALLOW);
		return;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(long); i++)
		answer_call(needed[i], SECCOMP_RET_ALLOW);
	answer(action);
}

static void try_install(long how)
{
	struct sock_fprog program = { used, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		broken("PR_SET_NO_NEW_PRIVS");
	if (how & BY_PRCTL)
		say_result("install", prctl(PR_SET_SECCOMP,
					    SECCOMP_MODE_FILTER, &program));
	else
		say_result("install", install(how & TSYNC ?
					      SECCOMP_FILTER_FLAG_TSYNC : 0));
}

static void unexpected_trap(int sig)
{
	(void)sig;
	say("wrong: a SIGSYS of a call that is not the program's");
	_exit(1);
}

/* The program's own mmap must still be refused, from everywhere. */
static void under_filter(long how)
{
	int id = segment(page_size());
	void *addr = NULL;

	if (how & BY_TRAP)
		signal(SIGSYS, unexpected_trap);
	if (how & LATE)
		addr = attach(id);
	build(how);
	try_install(how);
	for (int i = 0; i < 3; i++)
		say("%s", round_trip());
	say("nattch %ld", nattch(id));
	if (addr)
		say_result("detach", shmdt(addr));
	if (how & BY_ERRNO) {
		say_result("mmap", mmap(NULL, page_size(), PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ?
			   -1 : 0);
		say_result("close", close(0));
	}
}

/* What the filter refuses stays refused after an attach. */
static void still_refused(long how)
{
	build(how);
	try_install(how);
	say("%s", round_trip());
	attach(segment(page_size()));
	close(0);
	say("close has returned");
}

static void *thread_round(void *arg)
{
	(void)arg;
	say("thread: %s", round_trip());
	return NULL;
}

static struct gate ready, go;

static void *thread_waiting(void *arg)
{
	gate_pass(&go, "the filter");
	return thread_round(arg);
}

static void other_threads(long how)
{
	pthread_t thread;

	gate_init(&go);
	pthread_create(&thread, NULL, thread_waiting, NULL);
	begin();
	answer_call(SYS_mmap, SECCOMP_RET_ERRNO | EPERM);
	answer_call(SYS_close, SECCOMP_RET_ERRNO | EPERM);
	answer(SECCOMP_RET_ALLOW);
	try_install(how);
	gate_open(&go);
	pthread_join(thread, NULL);
	say("%s", round_trip());
}

static void *thread_filter(void *arg)
{
	begin();
	answer_call(SYS_getppid, SECCOMP_RET_ERRNO | ENOTTY);
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	return arg;
}

static void *thread_on_its_own(void *arg)
{
	thread_filter(NULL);
	gate_open(&ready);
	return thread_waiting(arg);
}

static void tsync_fails(long arg)
{
	pthread_t thread;

	(void)arg;
	gate_init(&ready);
	gate_init(&go);
	pthread_create(&thread, NULL, thread_on_its_own, NULL);
	gate_pass(&ready, "the thread's filter");
	begin();
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	say("with TSYNC: %s", install(SECCOMP_FILTER_FLAG_TSYNC) > 0 ?
	    "the number of a thread" : "installed");
	say_result("with TSYNC_ESRCH",
		   install(SECCOMP_FILTER_FLAG_TSYNC |
			   SECCOMP_FILTER_FLAG_TSYNC_ESRCH));
	gate_open(&go);
	pthread_join(thread, NULL);
	say("%s", round_trip());
}

static void filter_of_one_thread(long arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, thread_filter, NULL);
	pthread_join(thread, NULL);
	say("getppid %s", getppid() > 0 ? "works" : "is refused");
	say("seccomp mode %d", prctl(PR_GET_SECCOMP));
	say("no_new_privs %d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	say("%s", round_trip());
}

static void through_exec(long how)
{
	if (getenv("EXECED")) {
		say("after exec: %s", round_trip());
		say_result("after exec: getppid",
			   syscall(SYS_getppid) > 0 ? 0 : -1);
		return;
	}
	begin();
	answer_call(SYS_getppid, SECCOMP_RET_ERRNO | ENOTTY);
	answer_call(SYS_dup3, SECCOMP_RET_KILL_PROCESS);
	answer(SECCOMP_RET_ALLOW);
	try_install(how);
	setenv("EXECED", "1", 1);
	execl("/proc/self/exe", "filters", "filter_is_kept_by_exec", NULL);
	broken("exec");
}

static void in_a_child(long how)
{
	pid_t pid = fork();

	if (pid == 0) {
		under_filter(how);
		_exit(0);
	}
	say("child: %s", status_name(reap(pid)));
	say("%s", round_trip());
}

static void many(long count)
{
	for (long i = 0; i < count; i++) {
		begin();
		answer_call(SYS_mmap, SECCOMP_RET_ERRNO | (uint32_t)i);
		answer(SECCOMP_RET_ALLOW);
		must_install(0);
	}
	say("%s", round_trip());
	say_result("mmap", mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE |
				MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static void long_filter(long len)
{
	begin();
	for (long i = 0; i < len / 2 - 1; i++)
		answer_call(SYS_mmap, SECCOMP_RET_ERRNO | EPERM);
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	say("%s", round_trip());
}

/* The filter speaks of the shared-memory calls themselves. */
static void refuses_shm(long action)
{
	int id = segment(page_size());

	begin();
	answer_call(SYS_shmat, (uint32_t)action);
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	say("id %d, nattch %ld", shmget(9, 1, IPC_CREAT | 0600), nattch(id));
	say_result("shmat", (intptr_t)shmat(id, NULL, 0) == -1 ? -1 : 0);
	say_result("shmat", (intptr_t)shmat(-1, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld", nattch(id));
}

static void *die_in_shmat(void *arg)
{
	shmat(*(int *)arg, NULL, 0);
	return say("still here"), NULL;
}

static void kills_one_thread(long arg)
{
	int id = segment(page_size());
	pthread_t thread;

	(void)arg;
	begin();
	answer_call(SYS_shmat, SECCOMP_RET_KILL_THREAD);
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	pthread_create(&thread, NULL, die_in_shmat, &id);
	pthread_join(thread, NULL);
	say("nattch %ld", nattch(id));
}

/* Linux looks at the low half of the first argument. */
static void judges_arguments(long arg)
{
	int first = segment(page_size()), second = segment(page_size());

	(void)arg;
	begin();
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_shmat);
	load(offsetof(struct seccomp_data, args[0]));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, (uint32_t)first);
	answer(SECCOMP_RET_ERRNO | EXDEV);
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	say_result("first", (intptr_t)shmat(first, NULL, 0) == -1 ? -1 : 0);
	say_result("second", (intptr_t)shmat(second, NULL, 0) == -1 ? -1 : 0);
	say("nattch %ld %ld", nattch(first), nattch(second));
}

static volatile int trapped;

static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *state = context;

	(void)sig;
	trapped++;
	say("trapped: code %d, call %s, errno %d", info->si_code,
	    info->si_syscall == SYS_shmget ? "shmget" :
	    info->si_syscall == SYS_shmat ? "shmat" : "another",
	    info->si_errno);
	claim(info->si_call_addr != NULL && state != NULL, "no address");
}

static void traps_shm(long arg)
{
	struct sigaction action = { .sa_sigaction = on_trap,
				    .sa_flags = SA_SIGINFO };
	int id = segment(page_size());

	(void)arg;
	sigaction(SIGSYS, &action, NULL);
	begin();
	answer_call(SYS_shmget, SECCOMP_RET_TRAP | 5);
	answer_call(SYS_shmat, SECCOMP_RET_TRAP | 6);
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	shmget(IPC_PRIVATE, 1, 0600);
	shmat(id, NULL, 0);
	say("trapped %d, nattch %ld", trapped, nattch(id));
}

/* Without a tracer that asked for it, TRACE is ENOSYS. */
static void asks_for_a_tracer(long nr)
{
	begin();
	answer_call(nr, SECCOMP_RET_TRACE | 7);
	answer(SECCOMP_RET_ALLOW);
	must_install(0);
	say_result("call", syscall(nr, IPC_PRIVATE, 1, 0600));
	say("another: %s", nattch(0) == -EINVAL ? "EINVAL" : "?");
}

static void logs(long arg)
{
	(void)arg;
	begin();
	answer_call(SYS_shmat, SECCOMP_RET_LOG);
	answer(SECCOMP_RET_ALLOW);
	must_install(SECCOMP_FILTER_FLAG_LOG);
	say("%s", round_trip());
}

static void strict(long arg)
{
	int id = segment(page_size());
	pid_t pid;

	(void)arg;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			broken("strict mode");
		say("strict");
		shmat(id, NULL, 0);
		say("still here");
		syscall(SYS_exit, 0);
	}
	say_reaped("child", pid);
	say("nattch %ld", nattch(id));
}

static void say_views(const char *when)
{
	say("%s: seccomp %d, no_new_privs %d", when, prctl(PR_GET_SECCOMP),
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

static void views(long arg)
{
	(void)arg;
	say_views("at first");
	say("%s", round_trip());
	say_views("attached once");
	say_result("set", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	say_views("set");
	begin();
	answer(SECCOMP_RET_ALLOW);
	say_result("install", install(0));
	say_views("installed");
	if (fork() == 0) {
		say_views("child");
		_exit(0);
	}
	reap(-1);
	say("%s", round_trip());
}

static void unprivileged(long arg)
{
	(void)arg;
	if (getuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		broken("setresuid");
	begin();
	answer_call(SYS_getppid, SECCOMP_RET_ERRNO | ENOTTY);
	answer(SECCOMP_RET_ALLOW);
	say_result("install", install(0));
	say_views("refused");
	say_result("getppid", getppid() > 0 ? 0 : -1);
	say("%s", round_trip());
}

static void bad_arguments(long arg)
{
	struct sock_fprog program = { 0, code };
	uint32_t action = SECCOMP_RET_TRACE;

	(void)arg;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say_result("empty", syscall(SYS_seccomp, 1, 0, &program));
	say_result("null", syscall(SYS_seccomp, 1, 0, NULL));
	say_result("flags", syscall(SYS_seccomp, 1, 1 << 20, &program));
	say_result("operation", syscall(SYS_seccomp, 99, 0, NULL));
	program.len = 3;
	program.filter = (struct sock_filter *)(uintptr_t)8;
	say_result("fault", syscall(SYS_seccomp, 1, 0, &program));
	say_result("prctl", prctl(PR_SET_SECCOMP, 7, NULL));
	begin();
	say_result("no return", install(0));
	used = 0;
	emit(0xffff, 0, 0, 0);
	answer(SECCOMP_RET_ALLOW);
	say_result("no instruction", install(0));
	say_result("available", syscall(SYS_seccomp,
					SECCOMP_GET_ACTION_AVAIL, 0, &action));
	say_views("after all");
	say("%s", round_trip());
}

#define FILTER(name, how) { name, under_filter, how, NATIVE }

/* 395 to 398 are shmget() and its kin of i386, and no calls of other ABIs. */
static void foreign_numbers(long arg)
{
	(void)arg;
	for (long nr = 394; nr < 400; nr++)
		say_result("call", syscall(nr, 0, 0, 0));
}

/* Its own filter judges a call that shmtrace answers itself. */
static void judges_questions(long option)
{
	static const unsigned actions[] = {
		SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
		SECCOMP_RET_ERRNO | EUCLEAN, SECCOMP_RET_TRAP,
		SECCOMP_RET_ALLOW,
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		struct sock_filter judge[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, actions[i]),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = { 4, judge };
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
			if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
				    &program) < 0)
				_exit(BROKEN);
			say_result("prctl", prctl((int)option, 0, 0, 0, 0));
			_exit(0);
		}
		say_reaped("child", pid);
	}
}

const struct test tests[] = {
	FILTER("allow_list_errno", BY_ERRNO),
	FILTER("allow_list_errno_after_attach", BY_ERRNO | LATE),
	FILTER("allow_list_errno_tsync", BY_ERRNO | TSYNC),
	FILTER("allow_list_errno_by_prctl", BY_ERRNO | BY_PRCTL),
	FILTER("allow_list_kill", BY_KILL),
	FILTER("allow_list_kill_after_attach", BY_KILL | LATE),
	FILTER("allow_list_kill_by_prctl", BY_KILL | BY_PRCTL),
	FILTER("allow_list_kill_tsync_after_attach", BY_KILL | LATE | TSYNC),
	FILTER("allow_list_trap", BY_TRAP),
	FILTER("allow_list_trap_after_attach", BY_TRAP | LATE),
	FILTER("deny_list_errno", BY_ERRNO | DENY),
	FILTER("deny_list_errno_after_attach", BY_ERRNO | DENY | LATE),
	FILTER("deny_list_kill", BY_KILL | DENY),
	FILTER("deny_list_kill_after_attach", BY_KILL | DENY | LATE),
	FILTER("deny_list_trap", BY_TRAP | DENY),
	{ "refused_call_kills_after_attach", still_refused, BY_KILL, NATIVE },
	{ "refused_call_traps_after_attach", still_refused, BY_TRAP | DENY,
	  NATIVE },
	{ "filter_of_one_thread", filter_of_one_thread, 0, NATIVE },
	{ "filter_of_the_leader_only", other_threads, 0, NATIVE },
	{ "filter_of_all_threads", other_threads, TSYNC, NATIVE },
	{ "tsync_with_unlike_threads_fails", tsync_fails, 0, NATIVE },
	{ "filter_is_kept_by_exec", through_exec, 0, NATIVE },
	{ "filter_of_a_child", in_a_child, BY_KILL, NATIVE },
	{ "twenty_filters", many, 20, NATIVE },
	{ "filter_of_1000_instructions", long_filter, 1000, NATIVE },
	{ "filter_refuses_shmat", refuses_shm, SECCOMP_RET_ERRNO | EXDEV,
	  FILTERED },
	{ "filter_answers_shmat_with_0", refuses_shm, SECCOMP_RET_ERRNO,
	  FILTERED },
	{ "filter_kills_in_shmat", refuses_shm, SECCOMP_RET_KILL_PROCESS,
	  FILTERED },
	{ "filter_kills_a_thread_in_shmat", kills_one_thread, 0, FILTERED },
	{ "filter_judges_arguments_of_shmat", judges_arguments, 0, FILTERED },
	{ "filter_traps_shm_calls", traps_shm, 0, FILTERED },
	{ "filter_says_trace_for_getppid", asks_for_a_tracer, SYS_getppid,
	  NATIVE },
	{ "filter_says_trace_for_shmget", asks_for_a_tracer, SYS_shmget,
	  FILTERED },
	{ "filter_logs_shmat", logs, 0, NATIVE },
	{ "filter_judges_pr_get_seccomp", judges_questions, PR_GET_SECCOMP,
	  NATIVE },
	{ "filter_judges_pr_get_no_new_privs", judges_questions,
	  PR_GET_NO_NEW_PRIVS, NATIVE },
	{ "numbers_of_another_abi_are_no_calls", foreign_numbers, 0, NATIVE },
	{ "strict_mode_kills_in_shmat", strict, 0, NATIVE },
	{ "views_of_seccomp_and_no_new_privs", views, 0, NATIVE },
	{ "no_filter_without_no_new_privs", unprivileged, 0, NATIVE },
	{ "bad_arguments_of_seccomp", bad_arguments, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
