// SPDX-License-Identifier: MIT
/*
 * engine_sys.c - the real kernel, or shmtrace in its place: worker processes
 * that make the system calls, one at a time.
 *
 * Each wait has a deadline: 10 seconds, or SCENARIO_DEADLINE in the
 * environment, for machines that are emulated.  The driver adopts orphans, so
 * that every death can be waited for.
 */
#include "scenario.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#define IS_SANITIZED __has_feature(address_sanitizer)
#else
#define IS_SANITIZED false
#endif

struct process {
	bool alive;
	bool known;		/* pid is right, also when dead */
	bool reaped;
	int fd;
	pid_t pid, tid;
	int parent;		/* index; -1: the driver */
	int vforked;		/* the child it is waiting for, or -1 */
};

static struct process processes[MAX_PROCESSES];

int deadline_ms(void)
{
	const char *seconds = getenv("SCENARIO_DEADLINE");

	return 1000 * (seconds ? atoi(seconds) : 10);
}

static void lost(struct reply *reply, const char *what, int process)
{
	reply->result = GOT_LOST;
	snprintf(reply->text, sizeof(reply->text), "process %c: %s",
		 'A' + process, what);
}

static bool receive(int process, struct reply *reply)
{
	struct pollfd ready = { .fd = processes[process].fd,
				.events = POLLIN };
	int n = poll(&ready, 1, deadline_ms());

	if (n == 0) {
		lost(reply, "no answer before the deadline", process);
		return false;
	}
	if (recv(ready.fd, reply, sizeof(*reply), 0) !=
	    (ssize_t)sizeof(*reply)) {
		lost(reply, "gone before it answered", process);
		return false;
	}
	return true;
}

static bool transmit(int process, const struct request *request, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} ancillary;
	struct request copy = *request;
	struct iovec part = { &copy, sizeof(copy) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (fd >= 0) {
		memset(&ancillary, 0, sizeof(ancillary));
		message.msg_control = &ancillary;
		message.msg_controllen = sizeof(ancillary);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	return sendmsg(processes[process].fd, &message, MSG_NOSIGNAL) > 0;
}

static bool can_act(int process)
{
	return processes[process].alive && processes[process].vforked < 0;
}

static void exchange(int process, const struct request *request, int fd,
		     struct reply *reply)
{
	if (!can_act(process))
		reply->result = GOT_NOBODY;
	else if (!transmit(process, request, fd))
		lost(reply, "gone", process);
	else
		receive(process, reply);
}

/* A worker's first words. */
static bool meet(int process, struct reply *reply)
{
	if (!receive(process, reply))
		return false;
	processes[process].pid = (pid_t)reply->result;
	processes[process].tid = (pid_t)reply->fields[F_NATTCH];
	processes[process].alive = true;
	processes[process].known = true;
	layout_move(reply->fields[F_KEY]);
	reply->result = 0;
	reply->has = 0;
	return true;
}

static void forget(int process)
{
	if (processes[process].fd >= 0)
		close(processes[process].fd);
	processes[process].fd = -1;
	processes[process].alive = false;
	processes[process].vforked = -1;
}

/* Births */

static int new_slot(int process, int parent, int fd)
{
	processes[process] = (struct process){ .fd = fd, .parent = parent,
					       .vforked = -1 };
	return process;
}

static void birth(int process, const struct request *request,
		  struct reply *reply)
{
	int child = (int)request->args[0];
	struct reply hello;
	int pair[2];

	if (child <= 0 || child >= MAX_PROCESSES || processes[child].known ||
	    !can_act(process)) {
		reply->result = GOT_NOBODY;
		return;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		lost(reply, "cannot start another", process);
		return;
	}
	new_slot(child, request->op == OP_THREAD ? processes[process].parent
						 : process, pair[0]);
	if (request->op == OP_VFORK) {
		if (transmit(process, request, pair[1]))
			reply->result = 0;
		processes[process].vforked = child;
	} else {
		exchange(process, request, pair[1], reply);
	}
	close(pair[1]);
	if (reply->result == 0 && !meet(child, &hello))
		*reply = hello;
	if (reply->result != 0)
		forget(child);
}

/* Ends */

static bool await_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int n;

	if (fd < 0)
		return errno == ESRCH;
	n = poll(&ready, 1, deadline_ms());
	close(fd);
	return n == 1;
}

/* The worker's end of the socket is closed.  What it still had to say is
   read away. */
static bool await_eof(int process)
{
	struct pollfd ready = { .fd = processes[process].fd,
				.events = POLLIN };
	static struct reply rest;

	while (poll(&ready, 1, deadline_ms()) == 1)
		if (recv(ready.fd, &rest, sizeof(rest), 0) <= 0)
			return true;
	return false;
}

/* A living worker in the process that would have to wait for this one. */
static int waiter_for(int process)
{
	int parent = processes[process].parent;

	if (parent < 0)
		return -1;
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (processes[i].alive && processes[i].vforked < 0 &&
		    processes[i].pid == processes[parent].pid)
			return i;
	return -1;
}

/* All that is left of the parent is in the middle of a vfork. */
static bool is_asleep(int parent)
{
	for (int i = 0; parent >= 0 && i < MAX_PROCESSES; i++)
		if (processes[i].alive &&
		    processes[i].pid == processes[parent].pid)
			return true;
	return false;
}

static bool await_child(int process, int options, struct reply *reply)
{
	struct request request = { .op = OP_WAIT };
	int waiter = waiter_for(process);
	siginfo_t info;

	request.args[0] = (uint64_t)processes[process].pid;
	request.args[1] = (uint64_t)options;
	if (waiter >= 0) {
		exchange(waiter, &request, -1, reply);
		return reply->result == 0;
	}
	if (!await_pidfd(processes[process].pid))
		return false;
	if (is_asleep(processes[process].parent))
		return true;	/* its parent will find it */
	/* a parent seen to end by its closed socket may still be about to leave
	   its children to us */
	if (processes[process].parent >= 0 &&
	    !await_pidfd(processes[processes[process].parent].pid))
		return false;
	return waitid(P_PID, (id_t)processes[process].pid, &info,
		      options | __WALL) == 0;
}

/* A vfork or exec lets the parent go on: take its answer. */
static bool release_parent(int process, struct reply *reply)
{
	int parent = processes[process].parent;

	if (parent < 0 || processes[parent].vforked != process)
		return true;
	processes[parent].vforked = -1;
	return receive(parent, reply) && reply->result == 0;
}

static void close_all_of(pid_t pid)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (processes[i].alive && processes[i].pid == pid)
			forget(i);
}

/* The process is told to end; notice it in the given way. */
static void bury(int process, enum notice how, struct reply *reply)
{
	pid_t pid = processes[process].pid;
	bool noticed = release_parent(process, reply);

	if (noticed && how == BY_PIDFD)
		noticed = await_pidfd(pid);
	else if (noticed && how == BY_EOF)
		noticed = await_eof(process);
	else if (noticed)
		noticed = await_child(process,
				      how == BY_NOWAIT ? WEXITED | WNOWAIT :
							 WEXITED, reply);
	close_all_of(pid);
	if (noticed)
		reply->result = 0;
	else
		lost(reply, "its end was not noticed", process);
}

static bool thread_is_gone(const struct process *thread)
{
	char path[64], text[256];
	const char *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", thread->pid,
		 thread->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')');
	return n <= 0 || !state || state[2] == 'Z' || state[2] == 'X';
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Nothing but /proc tells when a thread that nobody joins has ended. */
static void bury_thread(int process, struct reply *reply)
{
	int64_t start = monotonic_ms();

	while (!thread_is_gone(&processes[process])) {
		if (monotonic_ms() - start > deadline_ms()) {
			lost(reply, "the thread does not end", process);
			return;
		}
		sched_yield();
	}
	forget(process);
	reply->result = 0;
}

static void do_end(int process, const struct request *request,
		   struct reply *reply)
{
	bool told;

	if (!can_act(process)) {
		reply->result = GOT_NOBODY;
		return;
	}
	told = request->op == OP_KILL ?
		       kill(processes[process].pid, SIGKILL) == 0 :
		       transmit(process, request, -1);
	if (!told)
		lost(reply, "is gone already", process);
	else if (request->op == OP_TEXIT)
		bury_thread(process, reply);
	else
		bury(process, (enum notice)request->args[0], reply);
}

static void forget_other_threads(int process)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (i != process && processes[i].alive &&
		    processes[i].pid == processes[process].pid)
			forget(i);
}

static void do_exec(int process, const struct request *request,
		    struct reply *reply)
{
	if (request->args[0] != 0 || !can_act(process)) {
		exchange(process, request, -1, reply);
		return;
	}
	if (!transmit(process, request, -1)) {
		lost(reply, "gone", process);
		return;
	}
	if (!meet(process, reply))
		return;
	forget_other_threads(process);
	if (!release_parent(process, reply))
		lost(reply, "the parent of the vfork sleeps on", process);
}

/* Time.  The kernel stamps segments with the coarse clock's second. */

static int64_t sys_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now.tv_sec;
}

static void do_tick(struct reply *reply)
{
	int64_t before = sys_now(), start = monotonic_ms();
	struct timespec until = { .tv_sec = before + 1 };

	while (sys_now() <= before) {
		if (monotonic_ms() - start > deadline_ms()) {
			lost(reply, "the clock stands still", 0);
			return;
		}
		clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
	}
	reply->result = 0;
}

/* The engine */

static void sys_perform(int process, const struct request *request,
			struct reply *reply)
{
	switch (request->op) {
	case OP_FORK:
	case OP_SHARE:
	case OP_VFORK:
	case OP_THREAD:
		birth(process, request, reply);
		return;
	case OP_EXIT:
	case OP_TEXIT:
	case OP_KILL:
		do_end(process, request, reply);
		return;
	case OP_EXEC:
		do_exec(process, request, reply);
		return;
	case OP_TICK:
		do_tick(reply);
		return;
	default:
		exchange(process, request, -1, reply);
	}
}

static int sys_begin(void)
{
	struct reply hello;
	int pair[2];
	pid_t pid;

	for (int i = 0; i < MAX_PROCESSES; i++)
		new_slot(i, -1, -1);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		perror("socketpair");
		return -1;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		worker_start(pair[1]);
	close(pair[1]);
	processes[0].fd = pair[0];
	if (pid > 0 && meet(0, &hello))
		return 0;
	fprintf(stderr, "%s\n", pid < 0 ? strerror(errno) : hello.text);
	return -1;
}

static void sys_end(void)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (processes[i].alive || processes[i].vforked >= 0)
			kill(processes[i].pid, SIGKILL);
	for (int i = 0; i < MAX_PROCESSES; i++)
		forget(i);
	while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
		;
}

static int sys_process_of(int64_t pid)
{
	for (int i = 0; i < MAX_PROCESSES; i++)
		if (processes[i].known && processes[i].pid == pid)
			return i;
	return -1;
}

static int64_t sys_uid(void)
{
	return geteuid();
}

static int64_t sys_gid(void)
{
	return getegid();
}

/* What the machine or the user lacks */

static bool is_real_root(void)
{
	unsigned inside = 1, outside = 1, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map)
		return geteuid() == 0;
	if (fscanf(map, "%u %u %u", &inside, &outside, &count) != 3)
		count = 0;
	fclose(map);
	return geteuid() == 0 && inside == 0 && outside == 0 &&
	       count == UINT32_MAX;
}

static bool kernel_is(const char *wanted)
{
	int major, minor, want_major, want_minor;
	struct utsname name;

	uname(&name);
	if (sscanf(name.release, "%d.%d", &major, &minor) != 2 ||
	    sscanf(wanted, "%d.%d", &want_major, &want_minor) != 2)
		return true;
	return major > want_major ||
	       (major == want_major && minor >= want_minor);
}

static int read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	int number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%d", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static bool has_huge_pages(void)
{
	return read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/"
			   "free_hugepages") > 0;
}

static bool overcommit_is(int wanted)
{
	return read_number("/proc/sys/vm/overcommit_memory") == wanted;
}

static const char *sys_lacks(const char *need)
{
	if (!strcmp(need, "root") && !is_real_root())
		return "needs root";
	if (!strcmp(need, "sysctl") &&
	    access("/proc/sys/kernel/shm_next_id", R_OK | W_OK) < 0)
		return "cannot write /proc/sys/kernel/shm_next_id";
	if (!strncmp(need, "linux>=", 7) && !kernel_is(need + 7))
		return "this kernel is older than the rule";
	if (!strcmp(need, "overcommit_memory=0") && !overcommit_is(0))
		return "overcommit_memory is not 0";
	if (!strcmp(need, "overcommit_memory=2") && !overcommit_is(2))
		return "overcommit_memory is not 2";
	if (!strcmp(need, "lean") && IS_SANITIZED)
		return "the memory of a sanitizer is too much to lock";
	if (!strcmp(need, "hugepages") && !has_huge_pages())
		return "needs huge pages in the pool";
	if (!strcmp(need, "mbind") &&
	    syscall(SYS_mbind, 0, 0, 0, 0, 0, 0) < 0 && errno == ENOSYS)
		return "this kernel has no mbind";
	return NULL;
}

const struct engine engine_sys = {
	.begin = sys_begin,
	.end = sys_end,
	.perform = sys_perform,
	.now = sys_now,
	.process_of = sys_process_of,
	.uid = sys_uid,
	.gid = sys_gid,
	.lacks = sys_lacks,
};
