// SPDX-License-Identifier: MIT
/*
 * kills.c - kill -9 at random moments: no count is lost and nobody else
 * takes harm.
 */
#include "tests/conform/kit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/chaos.h"

enum { PAGES = 8, PAUSE = 400 };

static int id;

/* What the victims do, for ever. */

static void attach_loop(void *arg)
{
	(void)arg;
	for (;;) {
		char *addr = shmat(id, NULL, 0);

		if ((intptr_t)addr == -1 || shmdt(addr) < 0)
			_exit(1);
	}
}

static void *attach_thread(void *arg)
{
	attach_loop(arg);
	return arg;
}

static void thread_loop(void *arg)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, attach_thread, NULL);
	attach_loop(arg);
}

static void *short_thread(void *arg)
{
	detach(attach(id));
	return arg;
}

static void thread_churn(void *arg)
{
	pthread_t threads[3];

	(void)arg;
	for (;;) {
		for (int i = 0; i < 3; i++)
			if (pthread_create(&threads[i], NULL, short_thread,
					   NULL))
				_exit(1);
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
	}
}

static void vma_loop(void *arg)
{
	size_t page = page_size();

	(void)arg;
	for (;;) {
		char *addr = attach(id);

		mprotect(addr + page, page, PROT_READ);
		munmap(addr + 3 * page, page);
		mremap(addr + 4 * page, page, page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, addr + 3 * page);
		madvise(addr + 6 * page, page, MADV_DONTFORK);
		shmdt(addr);
		munmap(addr, PAGES * page);
	}
}

static void remap_loop(void *arg)
{
	char *room = mmap(NULL, PAGES * page_size(), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	for (;;)
		if (shmat(id, room, SHM_REMAP) != room)
			_exit(1);
}

static void fork_loop(void *arg)
{
	(void)arg;
	attach(id);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			detach(attach(id));
			_exit(0);
		}
		while (waitpid(pid, NULL, 0) < 0)
			if (errno != EINTR)
				_exit(1);
	}
}

static void vfork_loop(void *arg)
{
	(void)arg;
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0) {
			shmdt(shmat(id, NULL, 0));
			_exit(0);
		}
		while (waitpid(pid, NULL, 0) < 0)
			if (errno != EINTR)
				_exit(1);
	}
}

static void spawn_loop(void *arg)
{
	(void)arg;
	for (;;) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		detach(attach(id));
		while (waitpid(pid, NULL, 0) < 0)
			if (errno != EINTR)
				_exit(1);
	}
}

static void exec_loop(void *arg)
{
	char number[16];

	(void)arg;
	snprintf(number, sizeof(number), "%d", id);
	setenv("SEGMENT", number, 1);
	attach(id);
	attach(id);
	execl("/proc/self/exe", "kills", "exec_again", NULL);
	_exit(1);
}

static void exec_again(long arg)
{
	id = atoi(getenv("SEGMENT"));
	(void)arg;
	exec_loop(NULL);
}

static void create_loop(void *arg)
{
	(void)arg;
	for (;;) {
		int own = shmget(IPC_PRIVATE, page_size(), 0600);
		void *addr = shmat(own, NULL, 0);

		if (own < 0 || (intptr_t)addr == -1 ||
		    shmctl(own, IPC_RMID, NULL) < 0 || shmdt(addr) < 0)
			_exit(1);
	}
}

typedef void victim(void *arg);
static victim *const victims[] = {
	attach_loop, thread_loop, thread_churn, vma_loop,  remap_loop,
	fork_loop,   vfork_loop,  spawn_loop,	exec_loop, create_loop,
};
enum { KINDS = sizeof(victims) / sizeof(*victims) };

/* The judge. */

static void reap_all(pid_t group)
{
	/* A fork in flight may still be on its way into the group. */
	while (kill(-group, SIGKILL) == 0 || errno != ESRCH) {
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
			;
		sched_yield();
	}
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

static void killed_once(victim *run)
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		run(NULL);
		_exit(1);
	}
	setpgid(pid, pid);
	chaos_pause(PAUSE);
	claim(waitpid(pid, NULL, WNOHANG) == 0, "it had ended by itself");
	kill(chaos(2) ? -pid : pid, SIGKILL);
	reap_all(pid);
}

static void killed(long kind)
{
	int rounds = chaos_rounds(100);

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	id = segment(PAGES * page_size());
	for (int i = 0; i < rounds; i++) {
		killed_once(victims[kind]);
		claim(nattch(id) == 0, "round %d: nattch %ld", i, nattch(id));
		if (nattch(id))
			return;
	}
	say("%s", round_trip());
}

static victim *any_attacher(void)
{
	return victims[chaos(5)];
}

static victim *creator(void)
{
	return create_loop;
}

/* Several at once, each killed alone; the others go on. */
static void crowd_of(victim *pick(void), long count)
{
	int rounds = chaos_rounds(200);
	pid_t pids[64];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	id = segment(PAGES * page_size());
	for (long i = 0; i < count; i++)
		pids[i] = start(pick(), NULL);
	for (int i = 0; i < rounds; i++) {
		uint32_t which = chaos((uint32_t)count);
		int status;

		chaos_pause(PAUSE);
		kill(pids[which], SIGKILL);
		status = reap(pids[which]);
		claim(WIFSIGNALED(status), "round %d: %s", i,
		      status_name(status));
		pids[which] = start(pick(), NULL);
	}
	for (long i = 0; i < count; i++) {
		kill(pids[i], SIGKILL);
		reap(pids[i]);
	}
	say("nattch %ld, %s", nattch(id), round_trip());
}

static void crowd(long count)
{
	crowd_of(any_attacher, count);
}

/* Their calls queue up in the tracer, and some callers die meanwhile. */
static void creators(long count)
{
	crowd_of(creator, count);
}

/* One thread is in the call while another ends the process. */
static void *end_process(void *arg)
{
	chaos_pause(PAUSE);
	syscall(SYS_exit_group, 3);
	return arg;
}

static void end_in_thread(void *arg)
{
	pthread_t thread;

	chaos_branch(*(uint32_t *)arg);
	pthread_create(&thread, NULL, end_process, NULL);
	thread_loop(NULL);
}

static void group_exit(long arg)
{
	int rounds = chaos_rounds(100);

	(void)arg;
	id = segment(page_size());
	for (int i = 0; i < rounds; i++) {
		uint32_t seed = chaos(1 << 30);
		int status = reap(start(end_in_thread, &seed));

		claim(WIFEXITED(status) && WEXITSTATUS(status) == 3 &&
		      nattch(id) == 0, "round %d: %s, nattch %ld", i,
		      status_name(status), nattch(id));
	}
	say("%s", round_trip());
}

#define KILL(name, kind) { name, killed, kind, NATIVE }

const struct test tests[] = {
	KILL("killed_amid_attaches", 0),
	KILL("killed_with_threads_amid_attaches", 1),
	KILL("killed_amid_short_threads", 2),
	KILL("killed_amid_vmas", 3),
	KILL("killed_amid_remaps", 4),
	KILL("killed_amid_forks", 5),
	KILL("killed_amid_vforks", 6),
	KILL("killed_amid_spawns", 7),
	KILL("killed_amid_execs", 8),
	KILL("killed_amid_creations", 9),
	{ "killed_one_of_eight", crowd, 8, NATIVE },
	{ "killed_some_of_the_creators", creators, 16, NATIVE },
	{ "exit_group_amid_attaches", group_exit, 0, NATIVE },
	{ "exec_again", exec_again, 0, HIDDEN },
	{ NULL, NULL, KINDS, NATIVE },
};
