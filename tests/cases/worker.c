// SPDX-License-Identifier: MIT
/*
 * worker.c - a process of a case: does what it is told, with real system
 * calls.
 *
 * Several workers can share one address space (threads, CLONE_VM): only one
 * of them is ever at work, and none allocates memory.
 */
#include "scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { STACK_SIZE = 256 * 1024 };

static int64_t raw(long nr, const uint64_t *a)
{
	long result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	return result == -1 ? -errno : result;
}

static int64_t call(long nr, uint64_t a, uint64_t b, uint64_t c)
{
	return raw(nr, (const uint64_t[6]){ a, b, c, 0, 0, 0 });
}

/* Memory: loads and stores that may fault. */

static sigjmp_buf access_failed;

static void on_fault(int sig)
{
	siglongjmp(access_failed, sig);
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/* Address 0 can be mapped. */
__attribute__((no_sanitize("address", "undefined")))
static int64_t touch(const struct request *request)
{
	volatile unsigned char *at =
		(volatile unsigned char *)(uintptr_t)request->args[0];
	uint64_t len = request->op == OP_FILL ? request->args[1] : 1;
	int sig = sigsetjmp(access_failed, 1);

	if (sig)
		return sig == SIGBUS ? GOT_BUS : GOT_SEGV;
	if (request->op == OP_GET)
		return *at;
	for (uint64_t i = 0; i < len; i++)
		at[i] = (unsigned char)(request->op == OP_PUT ?
						request->args[1] :
						request->args[2]);
	return 0;
}

/* The window and the pointers' grounds. */

static void map_fixed(uint64_t addr, uint64_t pages, int prot)
{
	uint64_t got = (uint64_t)raw(SYS_mmap, (const uint64_t[6]){
		addr, pages * layout.page, (uint64_t)prot,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			MAP_FIXED_NOREPLACE,
		UINT64_MAX, 0 });

	if (got != addr) {
		fprintf(stderr, "cannot map 0x%" PRIx64 "\n", addr);
		_exit(3);
	}
}

static void map_layout(void)
{
	uint64_t at = layout.grounds, page = layout.page;

	map_fixed(layout.window, WINDOW_PAGES, PROT_NONE);
	map_fixed(at, 1, PROT_READ | PROT_WRITE);
	map_fixed(at + 2 * page, 1, PROT_READ);
	map_fixed(at + 3 * page, 1, PROT_NONE);
	map_fixed(at + 4 * page, 1, PROT_READ | PROT_WRITE);
	map_fixed(at + 5 * page, 1, PROT_READ);
	map_fixed(at + 6 * page, 1, PROT_READ | PROT_WRITE);
	map_fixed(at + 7 * page, 1, PROT_NONE);
}

/* System calls */

/* Policies that want nodes get node 0. */
static int64_t do_mbind(const uint64_t *a)
{
	unsigned long nodes = 1;
	bool has_nodes = a[2] == MPOL_BIND || a[2] == MPOL_INTERLEAVE;

	return raw(SYS_mbind, (const uint64_t[6]){
		a[0], a[1], a[2], has_nodes ? (uintptr_t)&nodes : 0,
		has_nodes ? 8 * sizeof(nodes) : 0, 0 });
}

static int64_t do_sys(const struct request *request)
{
	const uint64_t *a = request->args;

	if (request->nr == SYS_mmap)
		return raw(SYS_mmap, (const uint64_t[6]){ a[0], a[1], a[2],
			a[3] | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			UINT64_MAX, 0 });
	if (request->nr == SYS_remap_file_pages)
		return raw(SYS_remap_file_pages, (const uint64_t[6]){
			a[0], a[1], 0, a[2], 0, 0 });
	if (request->nr == SYS_mbind)
		return do_mbind(a);
	return raw((long)request->nr, a);
}

/* Segments of one byte, removed again unless they are to stay. */
static int64_t do_create(const struct request *request)
{
	int64_t id = 0;

	for (uint64_t i = 0; i < request->args[0] && id >= 0; i++) {
		id = call(SYS_shmget, IPC_PRIVATE, 1, 0600);
		if (id >= 0 && !request->args[1])
			call(SYS_shmctl, (uint64_t)id, IPC_RMID, 0);
	}
	return id;
}

static void do_stat(const struct request *request, struct reply *reply)
{
	struct shmid_ds ds;

	memset(&ds, 0xee, sizeof(ds));
	reply->result = call(SYS_shmctl, request->args[0], request->args[1],
			     (uint64_t)(uintptr_t)&ds);
	if (reply->result >= 0)
		fields_of_segment(reply, &ds);
}

static int64_t do_set(const struct request *request)
{
	struct shmid_ds ds;

	segment_for_set(&ds, request);
	return call(SYS_shmctl, request->args[0], IPC_SET,
		    (uint64_t)(uintptr_t)&ds);
}

static void do_info(const struct request *request, struct reply *reply)
{
	struct shminfo limits;
	struct shm_info used;
	bool is_limits = request->args[0] == IPC_INFO;
	void *buf = is_limits ? (void *)&limits : (void *)&used;

	reply->result = call(SYS_shmctl, 0, request->args[0],
			     (uint64_t)(uintptr_t)buf);
	if (reply->result < 0)
		return;
	if (is_limits)
		fields_of_limits(reply, &limits);
	else
		fields_of_usage(reply, &used);
}

/* Credentials and limits */

static int64_t do_user(const struct request *request)
{
	uint64_t uid = request->args[0], gid = request->args[1];
	int64_t result = call(SYS_setgroups, 0, 0, 0);

	if (result == 0)
		result = call(SYS_setresgid, gid, gid, gid);
	if (result == 0)
		result = call(SYS_setresuid, uid, uid, uid);
	return result;
}

static int64_t do_groups(const struct request *request)
{
	gid_t groups[8];

	for (uint64_t i = 0; i < request->args[0]; i++)
		groups[i] = (gid_t)request->args[1 + i];
	return call(SYS_setgroups, request->args[0],
		    (uint64_t)(uintptr_t)groups, 0);
}

static int64_t do_drop(const struct request *request)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int64_t result = call(SYS_capget, (uint64_t)(uintptr_t)&header,
			      (uint64_t)(uintptr_t)data, 0);

	data[0].effective &= ~(uint32_t)request->args[0];
	return result < 0 ? result :
			    call(SYS_capset, (uint64_t)(uintptr_t)&header,
				 (uint64_t)(uintptr_t)data, 0);
}

static int64_t do_rlimit(const struct request *request)
{
	struct rlimit limit;
	int resource = (int)request->args[0];

	if (getrlimit((unsigned)resource, &limit) < 0)
		return -errno;
	limit.rlim_cur = request->args[1];
	return setrlimit((unsigned)resource, &limit) < 0 ? -errno : 0;
}

static int64_t do_sysctl(const struct request *request)
{
	bool writes = request->args[0] > 1;
	unsigned which = (unsigned)request->args[1];
	char path[64], text[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s",
		 sysctl_name(which));
	fd = open(path, (writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (writes) {
		snprintf(text, sizeof(text), which < 2 ? "%" PRIu64
						       : "%" PRId64,
			 request->args[2]);
		n = write(fd, text, strlen(text));
	} else {
		memset(text, 0, sizeof(text));
		n = read(fd, text, sizeof(text) - 1);
	}
	n = n < 0 ? -errno : 0;
	close(fd);
	if (n < 0 || writes)
		return n;
	return text[0] == '-' ? strtoll(text, NULL, 10) :
				(int64_t)strtoull(text, NULL, 10);
}

/* /proc/PID/maps of the calling thread: /proc/self has no memory once the
   leader is gone. */

static bool maps_line(const char *line, struct vma *vma)
{
	char perms[5];

	if (!strstr(line, "SYSV") ||
	    sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64, &vma->start,
		   &vma->end, perms, &vma->offset) != 4)
		return false;
	vma->prot = (perms[0] == 'r') | (perms[1] == 'w') << 1 |
		    (perms[2] == 'x') << 2;
	return true;
}

static char content[512 * 1024];

static void read_content(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, content + len, sizeof(content) - 1 - len)) > 0)
		len += (size_t)n;
	content[len] = '\0';
	close(fd);
}

static void do_row(const struct request *request, struct reply *reply)
{
	read_content("/proc/sysvipc/shm");
	row_find(content, (int64_t)request->args[0], reply);
}

static void do_maps(const struct request *request, struct reply *reply)
{
	uint64_t from = request->args[0], to = from + request->args[1];
	struct vma last = { 0 }, vma;
	char *save;

	read_content("/proc/thread-self/maps");
	for (char *line = strtok_r(content, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!maps_line(line, &vma) || vma.end <= from ||
		    vma.start >= to)
			continue;
		vma.start -= from;
		vma.end -= from;
		shape_add(reply->text, &last, &vma);
	}
	shape_flush(reply->text, &last);
	if (reply->text[0] == '\0')
		strcpy(reply->text, "empty");
}

/* Births */

static void send_reply(int control, const struct reply *reply)
{
	if (send(control, reply, sizeof(*reply), MSG_NOSIGNAL) < 0)
		_exit(4);
}

static _Noreturn void serve(int control);

/* Ready: says who it is.  result: process id; nattch: thread id; key: where
   the window is. */
static _Noreturn void greet(int control)
{
	struct reply reply = { .result = getpid() };

	field_set(&reply, F_KEY, layout.window);
	field_set(&reply, F_NATTCH, (uint64_t)syscall(SYS_gettid));
	send_reply(control, &reply);
	serve(control);
}

/* A socket held by another process would hide its owner's end. */
static void close_others(int control)
{
	if (control > 3)
		call(SYS_close_range, 3, (uint64_t)control - 1, 0);
	call(SYS_close_range, (uint64_t)control + 1, UINT32_MAX, 0);
}

static int run_sharer(void *argument)
{
	int control = (int)(intptr_t)argument;

	close_others(control);
	greet(control);
}

static void *run_thread(void *argument)
{
	greet((int)(intptr_t)argument);
}

static int64_t start_sharer(int control, int flags)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int pid;

	if (stack == MAP_FAILED)
		return -errno;
	pid = clone(run_sharer, stack + STACK_SIZE, CLONE_VM | flags | SIGCHLD,
		    (void *)(intptr_t)control);
	return pid < 0 ? -errno : 0;
}

static int64_t start_process(int control)
{
	pid_t pid = fork();

	if (pid == 0) {
		close_others(control);
		greet(control);
	}
	return pid < 0 ? -errno : 0;
}

static int64_t start_thread(int control)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	error = pthread_create(&thread, &attr, run_thread,
			       (void *)(intptr_t)control);
	pthread_attr_destroy(&attr);
	return -error;
}

static int64_t do_birth(const struct request *request, int control)
{
	int64_t result;

	if (request->op == OP_THREAD)
		return start_thread(control);
	if (request->op == OP_FORK)
		result = start_process(control);
	else
		result = start_sharer(control, request->op == OP_VFORK ?
						       CLONE_VFORK : 0);
	close(control);
	return result;
}

/* Ends */

static int64_t do_exec(const struct request *request, int control)
{
	char argument[128];
	char name[] = "scenario", option[] = "--worker";
	char *argv[] = { name, option, argument, NULL };
	bool missing = request->args[0] != 0;

	snprintf(argument, sizeof(argument), "%d,%" PRIx64 ",%" PRIx64,
		 control, layout.window, layout.top);
	if (!missing)
		fcntl(control, F_SETFD, 0);
	execve(missing ? "/proc/self/missing" : "/proc/self/exe", argv,
	       environ);
	return -errno;
}

static int64_t do_wait(const struct request *request)
{
	siginfo_t info;

	if (waitid(P_PID, (id_t)request->args[0], &info,
		   (int)request->args[1] | __WALL) < 0)
		return -errno;
	return 0;
}

static int64_t do_unshare(const struct request *request)
{
	(void)request;
	return call(SYS_unshare, CLONE_NEWIPC, 0, 0);
}

/* What needs nothing but its arguments. */
static int64_t (*const plain[])(const struct request *) = {
	[OP_SYS] = do_sys,	 [OP_SET] = do_set,
	[OP_GET] = touch,	 [OP_PUT] = touch,
	[OP_FILL] = touch,	 [OP_USER] = do_user,
	[OP_GROUPS] = do_groups, [OP_DROP] = do_drop,
	[OP_RLIMIT] = do_rlimit, [OP_SYSCTL] = do_sysctl,
	[OP_CREATE] = do_create, [OP_NEWIPC] = do_unshare,
	[OP_WAIT] = do_wait,	 [OP_NOTHING] = NULL,
};

static void perform(const struct request *request, int control, int fd,
		    struct reply *reply)
{
	if (plain[request->op])
		reply->result = plain[request->op](request);
	else if (request->op == OP_STAT)
		do_stat(request, reply);
	else if (request->op == OP_INFO)
		do_info(request, reply);
	else if (request->op == OP_MAPS)
		do_maps(request, reply);
	else if (request->op == OP_ROW)
		do_row(request, reply);
	else if (request->op == OP_EXEC)
		reply->result = do_exec(request, control);
	else
		reply->result = do_birth(request, fd);
}

/* The next request, with the descriptor that came along; -1: none. */
static int next_request(int control, struct request *request)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} ancillary;
	struct iovec part = { request, sizeof(*request) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
				  .msg_control = &ancillary,
				  .msg_controllen = sizeof(ancillary) };
	const struct cmsghdr *header;
	int fd = -1;

	if (recvmsg(control, &message, MSG_CMSG_CLOEXEC) !=
	    (ssize_t)sizeof(*request))
		_exit(0);
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static _Noreturn void serve(int control)
{
	struct request request = { .op = OP_NOTHING };
	struct reply reply;

	catch_faults();
	for (;;) {
		int fd = next_request(control, &request);

		if (request.op == OP_EXIT)
			syscall(SYS_exit_group, 0);
		if (request.op == OP_TEXIT)
			syscall(SYS_exit, 0);
		memset(&reply, 0, sizeof(reply));
		perform(&request, control, fd, &reply);
		send_reply(control, &reply);
	}
}

static void try_arena(void)
{
	uint64_t size = (GROUNDS_PAGE + 8) * layout.page;
	int64_t id = call(SYS_shmget, IPC_PRIVATE, size, 0600);
	int64_t addr = call(SYS_shmat, (uint64_t)id, 0, 0);

	call(SYS_shmdt, (uint64_t)addr, 0, 0);
	call(SYS_shmctl, (uint64_t)id, IPC_RMID, 0);
	if (layout.arena == ARENA_USE && addr > 0)
		layout_move((uint64_t)addr);
}

void worker_start(int control)
{
	close_others(control);
	if (layout.arena != ARENA_NO)
		try_arena();
	map_layout();
	greet(control);
}

void worker_restart(const char *argument)
{
	uint64_t window, top;
	int control;

	if (sscanf(argument, "%d,%" SCNx64 ",%" SCNx64, &control, &window,
		   &top) != 3)
		_exit(5);
	fcntl(control, F_SETFD, FD_CLOEXEC);
	layout.window = window;
	layout.top = top;
	layout_init();
	worker_start(control);
}
