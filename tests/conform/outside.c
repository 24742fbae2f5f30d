// SPDX-License-Identifier: MIT
/*
 * outside.c - attachments at addresses that the program chose: what touches
 * them counts, in every thread, and no other call is disturbed.
 */
#include "kit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Room for pages, of the program's own choice. */
static char *room(size_t pages)
{
	char *at = mmap(NULL, pages * page_size(), PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		broken("mmap");
	return at;
}

static char *attach_at(int id, char *at)
{
	if (shmat(id, at, SHM_REMAP) != at)
		broken("shmat");
	return at;
}

static struct gate ready, go;

/* The program may have come with a filter. */
static int first_mode;

static void begin(void)
{
	first_mode = prctl(PR_GET_SECCOMP);
	gate_init(&ready);
	gate_init(&go);
}

static void run_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, arg))
		broken("pthread_create");
	pthread_join(thread, NULL);
}

/* ---- what touches an attachment ---- */

struct place {
	int id;
	char *at;
};

static void *unmap_second(void *arg)
{
	struct place *place = arg;

	say_result("munmap", munmap(place->at + page_size(), page_size()));
	say("nattch %ld", nattch(place->id));
	return NULL;
}

static void *unmap_when_told(void *arg)
{
	gate_open(&ready);
	gate_pass(&go, "the attach");
	return unmap_second(arg);
}

static struct place place_of(size_t pages)
{
	struct place place = { segment(pages * page_size()), room(pages) };

	return place;
}

static void same_thread(long arg)
{
	struct place place = place_of(3);

	(void)arg;
	attach_at(place.id, place.at);
	unmap_second(&place);
	say_result("mprotect", mprotect(place.at, page_size(), PROT_READ));
	say("nattch %ld", nattch(place.id));
	detach(place.at);
	say("nattch %ld", nattch(place.id));
}

static void thread_before(long arg)
{
	struct place place = place_of(3);
	pthread_t thread;

	(void)arg;
	begin();
	pthread_create(&thread, NULL, unmap_when_told, &place);
	gate_pass(&ready, "the thread");
	attach_at(place.id, place.at);
	gate_open(&go);
	pthread_join(thread, NULL);
	detach(place.at);
	say("nattch %ld", nattch(place.id));
}

static void *attach_in_thread(void *arg)
{
	struct place *place = arg;

	attach_at(place->id, place->at);
	return NULL;
}

static void thread_after(long arg)
{
	struct place place = place_of(3);

	(void)arg;
	run_thread(attach_in_thread, &place);
	run_thread(unmap_second, &place);
	unmap_second(&place);
	detach(place.at);
	say("nattch %ld", nattch(place.id));
}

static int cloned(void *arg)
{
	unmap_second(arg);
	return 0;
}

static int cloned_attaches(void *arg)
{
	attach_in_thread(arg);
	return 0;
}

/* A process of its own, with our address space. */
static void clone_vm(int (*run)(void *), int flags, void *arg)
{
	static char stack[1 << 16];
	pid_t pid = clone(run, stack + sizeof(stack),
			  CLONE_VM | flags | SIGCHLD, arg);

	if (pid < 0)
		broken("clone");
	say_reaped("clone", pid);
}

static void shared_space(long flags)
{
	struct place place = place_of(5);

	clone_vm(cloned_attaches, (int)flags, &place);
	say("nattch %ld", nattch(place.id));
	unmap_second(&place);
	place.at += 2 * page_size();
	clone_vm(cloned, (int)flags, &place);
	place.at -= 2 * page_size();
	detach(place.at);
	say("nattch %ld", nattch(place.id));
}

static void forked(void *arg)
{
	struct place *place = arg;

	unmap_second(place);
	place->at += 2 * page_size();
	run_thread(unmap_second, place);
}

static void child(long arg)
{
	struct place place = place_of(5);

	(void)arg;
	attach_at(place.id, place.at);
	say_reaped("child", start(forked, &place));
	say("nattch %ld", nattch(place.id));
	unmap_second(&place);
}

static void after_exec(long arg)
{
	struct place place = place_of(3);

	(void)arg;
	attach_at(place.id, place.at);
	unmap_second(&place);
	if (getenv("EXECED"))
		return;
	setenv("EXECED", "1", 1);
	execl("/proc/self/exe", "outside", "an_exec_begins_anew", NULL);
	broken("exec");
}

/* It leaves the place that the kernel chose for it. */
static void moved_away(long arg)
{
	struct place place = place_of(3);
	char *from = attach(place.id);
	void *to = mremap(from, 3 * page_size(), 3 * page_size(),
			  MREMAP_MAYMOVE | MREMAP_FIXED, place.at);

	(void)arg;
	claim(to == place.at, "mremap: %s", error_name(errno));
	say("nattch %ld", nattch(place.id));
	unmap_second(&place);
	detach(place.at);
	say("nattch %ld", nattch(place.id));
}

/* Each call that can change an attachment, at its first and its last page. */
static void each_call(long arg)
{
	size_t page = page_size();
	struct place place = place_of(9);
	char *at = attach_at(place.id, place.at), *low = room(1);

	(void)arg;
	say_result("mprotect", mprotect(at, page, PROT_READ));
	say("nattch %ld", nattch(place.id));
	say_result("madvise", madvise(at + 8 * page, page, MADV_DONTFORK));
	say("nattch %ld", nattch(place.id));
	say_result("mlock", mlock(at + 2 * page, page));
	say("nattch %ld", nattch(place.id));
	say_result("munlock", munlock(at + 2 * page, page));
	say("nattch %ld", nattch(place.id));
	say("mmap %d", mmap(at + 4 * page, page, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			    0) == (void *)(at + 4 * page));
	say("nattch %ld", nattch(place.id));
	say("mremap %d", mremap(low, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
				at + 6 * page) == (void *)(at + 6 * page));
	say("nattch %ld", nattch(place.id));
	low = mremap(at, 0, page, MREMAP_MAYMOVE);
	say("mremap of nothing %d", low != MAP_FAILED);
	say("nattch %ld", nattch(place.id));
	say_result("munmap", munmap(at - page, 3 * page));
	say("nattch %ld", nattch(place.id));
}

/* As far apart as can be; each is watched. */
static void far_apart(long count)
{
	int id = segment(2 * page_size());
	uintptr_t step = UINT64_C(0x7d0000000000) / (unsigned long)count;

	for (long i = 1; i <= count; i++) {
		/* below what the kernel uses by itself */
		char *at =
			(char *)(step * (unsigned long)i & ~UINT64_C(0xffff));

		if (mmap(at, 2 * page_size(), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			 0) != at)
			continue;
		attach_at(id, at);
		munmap(at + page_size(), page_size());
		say("%ld: nattch %ld", i, nattch(id));
		detach(at);
	}
	say("nattch %ld", nattch(id));
}

/* ---- what has nothing to do with it ---- */

static long switches(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage) < 0)
		broken("getrusage");
	return usage.ru_nvcsw;
}

/* A call that stops is a switch to another process. */
static void *count_stops(void *arg)
{
	long before = switches();

	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
	claim(switches() - before < 500, "%s: %ld switches in 1000 calls",
	      arg ? "thread" : "main", switches() - before);
	return NULL;
}

static void free_calls(long arg)
{
	struct place place = place_of(3);
	char *other = mmap(NULL, 64 << 20, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long before;

	(void)arg;
	attach_at(place.id, place.at);
	count_stops(NULL);
	run_thread(count_stops, &place);
	before = switches();
	for (int i = 0; i < 1000; i++)
		mprotect(other + (32 << 20), page_size(), PROT_READ);
	claim(switches() - before < 500, "mprotect elsewhere: %ld switches",
	      switches() - before);
	say("nattch %ld", nattch(place.id));
}

/* Who has given up the right to install a filter pays with stops. */
static void no_right(long arg)
{
	struct place place = place_of(3);
	long before;

	(void)arg;
	if (geteuid() != 0)
		skip("needs root");
	if (shmctl(place.id, IPC_RMID, NULL) < 0 || setuid(65534) < 0)
		broken("setuid");
	place = place_of(3);
	attach_at(place.id, place.at);
	before = switches();
	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
	claim(switches() - before >= 1000, "%ld switches in 1000 calls",
	      switches() - before);
	munmap(place.at + page_size(), page_size());
	claim(nattch(place.id) == 2, "nattch %ld", nattch(place.id));
	claim(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0, "no_new_privs");
}

static void *own_filter(void *arg)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getpgid },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOTTY },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_seccomp },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOTTY },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, arg ? 1 : 0,
		    &program) < 0)
		broken("seccomp");
	return NULL;
}

static void say_filters(const char *who)
{
	bool filtered = getpgid(0) < 0;
	int mode = prctl(PR_GET_SECCOMP);

	say("%s: seccomp mode %s, no_new_privs %d, getpgid %s, seccomp %s", who,
	    mode == (filtered ? SECCOMP_MODE_FILTER : first_mode) ? "right" :
								    "wrong",
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	    filtered ? error_name(errno) : "works",
	    syscall(SYS_seccomp, 99, 0, NULL) < 0 ? error_name(errno) : "?");
}

static void *filters_of_thread(void *arg)
{
	gate_open(&ready);
	gate_pass(&go, "the attach");
	say_filters("thread");
	return unmap_second(arg);
}

/* One thread has a filter of its own, when the other attaches. */
static void one_is_filtered(long own_comes_first)
{
	struct place place = place_of(5);
	pthread_t thread;

	begin();
	pthread_create(&thread, NULL, filters_of_thread, &place);
	gate_pass(&ready, "the thread");
	if (own_comes_first)
		own_filter(NULL);
	attach_at(place.id, place.at);
	if (!own_comes_first)
		own_filter(NULL);
	gate_open(&go);
	pthread_join(thread, NULL);
	say_filters("main");
	place.at += 2 * page_size();
	unmap_second(&place);
	if (own_comes_first)
		count_stops(NULL);
}

static void *attach_filtered(void *arg)
{
	own_filter(NULL);
	attach_in_thread(arg);
	say_filters("thread");
	return NULL;
}

/* What the attaching thread forbids itself it does not forbid others. */
static void other_is_filtered(long arg)
{
	struct place place = place_of(5);

	(void)arg;
	begin();
	run_thread(attach_filtered, &place);
	say_filters("main");
	unmap_second(&place);
	place.at += 2 * page_size();
	run_thread(unmap_second, &place);
}

/* All have the same one, and can be given another. */
static void all_are_filtered(long arg)
{
	struct place place = place_of(5);
	pthread_t thread;

	(void)arg;
	begin();
	pthread_create(&thread, NULL, filters_of_thread, &place);
	gate_pass(&ready, "the thread");
	own_filter(&place);
	attach_at(place.id, place.at);
	gate_open(&go);
	pthread_join(thread, NULL);
	say_filters("main");
	count_stops(NULL);
}

/* The filter for the place is in nobody's way. */
static void filter_for_all_later(long arg)
{
	struct place place = place_of(5);
	pthread_t thread;

	(void)arg;
	begin();
	pthread_create(&thread, NULL, filters_of_thread, &place);
	gate_pass(&ready, "the thread");
	attach_at(place.id, place.at);
	own_filter(&place);
	gate_open(&go);
	pthread_join(thread, NULL);
	say_filters("main");
}

static void only_ours_has_no_new_privs(long arg)
{
	struct place place = place_of(3);
	pthread_t thread;

	(void)arg;
	begin();
	pthread_create(&thread, NULL, filters_of_thread, &place);
	gate_pass(&ready, "the thread");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		broken("PR_SET_NO_NEW_PRIVS");
	attach_at(place.id, place.at);
	gate_open(&go);
	pthread_join(thread, NULL);
	say_filters("main");
}

/* ---- calls of other threads ---- */

static int ends[2], semaphores, waiting_tid;

static void in_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(0);

	if (epoll_ctl(fd, EPOLL_CTL_ADD, ends[0], &event) < 0)
		broken("epoll_ctl");
	say_result("epoll_wait", epoll_wait(fd, &event, 1, 20000));
}

static void in_semtimedop(void)
{
	struct sembuf down = { 0, -1, 0 };
	struct timespec limit = { 20, 0 };

	say_result("semtimedop", semtimedop(semaphores, &down, 1, &limit));
}

static void in_sigtimedwait(void)
{
	struct timespec limit = { 20, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	say_result("sigtimedwait", sigtimedwait(&set, NULL, &limit));
}

static void in_recv(void)
{
	struct timeval limit = { 20, 0 };
	char byte;

	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	say_result("recv", recv(ends[0], &byte, 1, 0));
}

static void (*const waits[])(void) = {
	in_epoll,
	in_semtimedop,
	in_sigtimedwait,
	in_recv,
};

static void *wait_in_call(void *arg)
{
	waits[(intptr_t)arg]();
	return NULL;
}

static void *block_and_wait(void *arg)
{
	waiting_tid = gettid();
	gate_open(&ready);
	return wait_in_call(arg);
}

/* Until it sleeps in its call: nothing else of it sleeps. */
static void await_sleep(void)
{
	char path[64];
	const char *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", waiting_tid);
	do {
		sched_yield();
		state = strrchr(file_text(path), ')');
	} while (!state || state[2] != 'S');
}

static void undisturbed(long which)
{
	struct place place = place_of(3);
	struct sembuf up = { 0, 1, 0 };
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	semaphores = semget(IPC_PRIVATE, 1, 0600);
	if (semaphores < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		broken("semget, socketpair");
	begin();
	pthread_create(&thread, NULL, block_and_wait, (void *)which);
	gate_pass(&ready, "the thread");
	await_sleep();
	attach_at(place.id, place.at);
	if (write(ends[1], "", 1) != 1 || semop(semaphores, &up, 1) < 0)
		broken("wake");
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	semctl(semaphores, 0, IPC_RMID);
	unmap_second(&place);
}

const struct test tests[] = {
	{ "unmap_a_part", same_thread, 0, NATIVE },
	{ "unmapped_by_a_thread_that_was_there", thread_before, 0, NATIVE },
	{ "unmapped_by_later_threads", thread_after, 0, NATIVE },
	{ "unmapped_by_a_process_that_shares_memory", shared_space, 0, NATIVE },
	{ "unmapped_by_a_child_of_vfork", shared_space, CLONE_VFORK, NATIVE },
	{ "unmapped_by_a_child", child, 0, NATIVE },
	{ "an_exec_begins_anew", after_exec, 0, NATIVE },
	{ "moved_there_by_mremap", moved_away, 0, NATIVE },
	{ "each_call_counts", each_call, 0, NATIVE },
	{ "many_places_far_apart", far_apart, 30, NATIVE },
	{ "other_calls_do_not_stop", free_calls, 0, FILTERED },
	{ "every_call_stops_without_the_right_to_filter", no_right, 0, OURS },
	{ "own_filter_of_the_attacher_before", one_is_filtered, 1, FILTERED },
	{ "own_filter_of_the_attacher_after", one_is_filtered, 0, NATIVE },
	{ "own_filter_is_not_imposed_on_others", other_is_filtered, 0, NATIVE },
	{ "own_filter_of_all_before", all_are_filtered, 0, FILTERED },
	{ "own_filter_of_all_after", filter_for_all_later, 0, NATIVE },
	{ "no_new_privs_is_not_imposed_on_others", only_ours_has_no_new_privs,
	  0, NATIVE },
	{ "epoll_wait_of_another_thread_goes_on", undisturbed, 0, NATIVE },
	{ "semtimedop_of_another_thread_goes_on", undisturbed, 1, NATIVE },
	{ "sigtimedwait_of_another_thread_goes_on", undisturbed, 2, NATIVE },
	{ "recv_of_another_thread_goes_on", undisturbed, 3, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
