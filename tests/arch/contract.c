// SPDX-License-Identifier: MIT
/*
 * contract.c - arch/ keeps its contract: each promise of arch.h on a child of
 * our own, under the kernel and CPU that this runs on.
 *
 * The child makes shm calls that its filter turns into seccomp stops; the
 * tracer below answers them through arch.h alone, so the file is the same for
 * every CPU.
 */
#include "arch/arch.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEADLINE = 60 };		/* seconds for the whole program */

static const char *current;	/* the test that runs */
static int failed_here;

/* In tracer and child: say what is wrong, and remember it. */
static void expect(bool ok, const char *what)
{
	if (ok)
		return;
	printf("%s: not so: %s\n", current, what);
	fflush(stdout);
	failed_here++;
}

static void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static void on_deadline(int signal)
{
	(void)signal;
	fprintf(stderr, "%s: still waiting after %d s\n", current, DEADLINE);
	_exit(1);
}

/* ---- the child -------------------------------------------------------- */

static void stop_at_shm_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_shmget, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_shmat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_shmdt, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		give_up("the child's filter");
}

static int pipe_ends[2];	/* for what is to block */
static volatile sig_atomic_t handled;

static void count_signal(int signal)
{
	(void)signal;
	handled++;
}

/* As the raw call: a value or -errno. */
static long raw(long nr, long a, long b, long c)
{
	long result = syscall(nr, a, b, c);

	return result == -1 ? -errno : result;
}

static void child_asks_once(void)
{
	expect(raw(SYS_shmget, 0x111, 0x222, 0x333) == 4242, "result 4242");
	expect(raw(SYS_shmget, 0x111, 0x222, 0x333) == -ENOSPC, "ENOSPC");
	expect(raw(SYS_shmget, 0x111, 0x222, 0x333) == -512,
	       "a number that only the kernel takes for a restart");
}

static void child_maps(void)
{
	char *pages = (char *)raw(SYS_shmat, -77, 0, 0);

	expect((long)pages > 0, "an address");
	if ((long)pages > 0)
		*pages = 1;
	expect(raw(SYS_getppid, 0, 0, 0) == getppid(), "calls go on");
}

static void child_asks_twice(void)
{
	expect(raw(SYS_shmget, 1, 2, 3) == 4242, "result 4242");
	expect(raw(SYS_shmdt, 4, 5, 6) == 17, "result 17");
}

static void child_is_interrupted(void)
{
	struct sigaction action = { .sa_handler = count_signal,
				    .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);
	expect(raw(SYS_shmget, 0x111, 0x222, 0x333) == 4242, "result 4242");
	expect(handled == 1, "one run of the handler");
}

/* ---- the tracer ------------------------------------------------------- */

static pid_t start(void (*child)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		failed_here = 0;
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		stop_at_shm_calls();
		child();
		_exit(failed_here ? 1 : 0);	/* no leak check: traced */
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("a child");
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
		       PTRACE_O_EXITKILL);
	return pid;
}

static int resume(pid_t pid, enum __ptrace_request how)
{
	int status;

	ptrace(how, pid, NULL, NULL);
	if (waitpid(pid, &status, 0) != pid)
		give_up("waitpid");
	return status;
}

static bool is_seccomp(int status)
{
	return status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
}

static bool is_syscall(int status)
{
	return WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
}

static void to_seccomp(pid_t pid)
{
	expect(is_seccomp(resume(pid, PTRACE_CONT)), "a seccomp stop");
}

/* From a seccomp stop, or with entry first from an exit stop. */
static void to_exit(pid_t pid, bool entry_first)
{
	if (entry_first)
		expect(is_syscall(resume(pid, PTRACE_SYSCALL)), "entry stop");
	expect(is_syscall(resume(pid, PTRACE_SYSCALL)), "exit stop");
}

static void to_end(pid_t pid)
{
	int status = resume(pid, PTRACE_CONT);

	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	       "the child is content");
	if (WIFSTOPPED(status)) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
}

static int64_t result_of(pid_t pid)
{
	int64_t result = -1;

	expect(arch_result(pid, &result) == 0, "arch_result");
	return result;
}

static struct arch_call map_call(void)
{
	return (struct arch_call){
		.nr = SYS_mmap,
		.args = { 0, (uint64_t)sysconf(_SC_PAGESIZE),
			  PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  UINT64_MAX, 0 },
	};
}

/* ---- the tests -------------------------------------------------------- */

static void fetch_tells_the_call_and_cancel_its_result(void)
{
	static const int64_t results[] = { 4242, -ENOSPC, -512 };
	struct arch_regs regs;
	struct arch_call call;
	pid_t pid = start(child_asks_once);

	for (int i = 0; i < 3; i++) {
		to_seccomp(pid);
		expect(arch_fetch(pid, &regs, &call) == 0, "arch_fetch");
		expect(call.nr == SYS_shmget, "shmget");
		expect(call.args[0] == 0x111 && call.args[1] == 0x222 &&
			       call.args[2] == 0x333, "its arguments");
		expect(arch_cancel(pid, &regs, results[i]) == 0, "arch_cancel");
		if (i == 2)	/* a signal must not turn it into a restart */
			kill(pid, SIGWINCH);
	}
	expect(WIFSTOPPED(resume(pid, PTRACE_CONT)), "SIGWINCH");
	to_end(pid);
}

static void rewritten_call_runs_and_restore_gives_its_result(void)
{
	struct arch_regs regs;
	struct arch_call call, map = map_call();
	pid_t pid = start(child_maps);

	to_seccomp(pid);
	arch_fetch(pid, &regs, &call);
	expect(call.args[0] == (uint64_t)-77, "a negative argument");
	expect(arch_rewrite(pid, &regs, &map, 0) == 0, "arch_rewrite");
	to_exit(pid, false);
	expect(arch_restore(pid, &regs, result_of(pid)) == 0, "arch_restore");
	to_end(pid);
}

/* A page with the stub in it, from the seccomp stop the child is at. */
static uint64_t make_stub(pid_t pid, const struct arch_regs *regs)
{
	struct arch_call call = map_call();
	uint64_t stub;
	unsigned char *code = malloc(arch_stub_size);
	struct iovec from = { code, arch_stub_size }, to;

	if (!code)
		give_up("malloc");
	arch_rewrite(pid, regs, &call, 0);
	to_exit(pid, false);
	stub = (uint64_t)result_of(pid);
	memcpy(code, arch_stub, arch_stub_size);
	to = (struct iovec){ (void *)(uintptr_t)stub, arch_stub_size };
	expect(process_vm_writev(pid, &from, 1, &to, 1, 0) ==
		       (ssize_t)arch_stub_size, "the stub is written");
	free(code);
	call = (struct arch_call){
		.nr = SYS_mprotect,
		.args = { stub, (uint64_t)sysconf(_SC_PAGESIZE),
			  PROT_READ | PROT_EXEC },
	};
	expect(arch_reissue(pid, regs, &call, 0) == 0, "arch_reissue");
	to_exit(pid, true);
	expect(result_of(pid) == 0, "mprotect after mmap, from one stop");
	return stub;
}

static void calls_run_from_the_stub_and_leave_no_trace(void)
{
	struct arch_regs regs;
	struct arch_call call, ask = { .nr = SYS_getppid };
	pid_t pid = start(child_asks_twice);
	uint64_t stub;

	to_seccomp(pid);
	arch_fetch(pid, &regs, &call);
	stub = make_stub(pid, &regs);
	for (int i = 0; i < 3; i++) {
		arch_reissue(pid, &regs, &ask, stub);
		to_exit(pid, true);
		expect(result_of(pid) == getpid(), "getppid from the stub");
	}
	arch_restore(pid, &regs, 4242);

	to_seccomp(pid);
	arch_fetch(pid, &regs, &call);
	expect(call.nr == SYS_shmdt && call.args[0] == 4, "the next call");
	expect(arch_rewrite(pid, &regs, &ask, stub) == 0, "arch_rewrite");
	to_exit(pid, false);
	expect(result_of(pid) == getpid(), "getppid in its place");
	arch_restore(pid, &regs, 17);
	to_end(pid);
}

/* The rewritten call blocks, a signal interrupts it: the child's own call is
   made again after its handler, with its own arguments. */
static void interrupted_call_is_made_again(void)
{
	uint64_t room = 0;
	struct arch_regs regs;
	struct arch_call call, wait = { .nr = SYS_read };
	pid_t pid;

	if (pipe(pipe_ends) < 0)
		give_up("pipe");
	pid = start(child_is_interrupted);
	to_seccomp(pid);
	arch_fetch(pid, &regs, &call);
	wait.args[0] = (uint64_t)pipe_ends[0];
	wait.args[1] = (uint64_t)(uintptr_t)&room;
	wait.args[2] = 1;
	arch_rewrite(pid, &regs, &wait, 0);
	kill(pid, SIGUSR1);	/* pending: read cannot begin to wait */
	to_exit(pid, false);
	expect(result_of(pid) == -512, "ERESTARTSYS");
	expect(arch_restart(pid, &regs) == 0, "arch_restart");
	expect(WSTOPSIG(resume(pid, PTRACE_CONT)) == SIGUSR1, "SIGUSR1");
	ptrace(PTRACE_CONT, pid, NULL, SIGUSR1);
	expect(waitpid(pid, &(int){ 0 }, 0) == pid, "a stop");
	arch_fetch(pid, &regs, &call);
	expect(call.nr == SYS_shmget && call.args[0] == 0x111 &&
		       call.args[1] == 0x222 && call.args[2] == 0x333,
	       "the same call again");
	arch_cancel(pid, &regs, 4242);
	to_end(pid);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/* The kernel looks for its restart codes in the register that arm64 uses for
   the first argument too. */
static void argument_like_a_restart_code_is_an_argument(void)
{
	struct arch_regs regs;
	struct arch_call call, odd = { .nr = SYS_close,
				       .args = { (uint64_t)-512 } };
	pid_t pid = start(child_asks_twice);
	uint64_t stub;

	to_seccomp(pid);
	arch_fetch(pid, &regs, &call);
	stub = make_stub(pid, &regs);
	arch_reissue(pid, &regs, &odd, stub);
	kill(pid, SIGWINCH);
	expect(WSTOPSIG(resume(pid, PTRACE_SYSCALL)) == SIGWINCH, "SIGWINCH");
	to_exit(pid, true);
	expect(result_of(pid) == -EBADF, "close was asked for -512");
	arch_restore(pid, &regs, 4242);
	to_seccomp(pid);
	arch_fetch(pid, &regs, &call);
	arch_cancel(pid, &regs, 17);
	to_end(pid);
}

static void windows_suit_some_size_of_address_space(void)
{
	const uint64_t unit = 1ull << 32;	/* what a filter compares */
	int usable = 0;

	for (const struct arch_window *w = arch_windows; w->len; w++) {
		uint64_t last = w->start + w->len -
				(uint64_t)sysconf(_SC_PAGESIZE);
		void *hint = (void *)(uintptr_t)last;
		void *got = mmap(hint, 1, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS |
					 MAP_FIXED_NOREPLACE, -1, 0);

		expect(w->start % unit == 0 && w->len % unit == 0,
		       "a multiple of 4 GiB");
		if (got == hint)
			usable++;
	}
	expect(usable > 0, "one that can be used here");
}

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
#define TEST(name) { #name, name }
	TEST(fetch_tells_the_call_and_cancel_its_result),
	TEST(rewritten_call_runs_and_restore_gives_its_result),
	TEST(calls_run_from_the_stub_and_leave_no_trace),
	TEST(interrupted_call_is_made_again),
	TEST(argument_like_a_restart_code_is_an_argument),
	TEST(windows_suit_some_size_of_address_space),
};

int main(void)
{
	const int count = sizeof(tests) / sizeof(*tests);
	int failed = 0;

	signal(SIGALRM, on_deadline);
	alarm(DEADLINE);
	for (int i = 0; i < count; i++) {
		current = tests[i].name;
		failed_here = 0;
		tests[i].run();
		failed += failed_here > 0;
	}
	printf("%d passed, %d failed\n", count - failed, failed);
	return failed > 0;
}
