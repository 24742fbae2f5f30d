// SPDX-License-Identifier: MIT
/*
 * userfault.c - calls that point into memory which userfaultfd fills in later:
 * only the thread that makes the call waits.
 */
#include "tests/conform/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *missing;		/* a page */
static char *content;		/* what it will hold */
static int id;
static struct gate go, went;

static int open_userfaultfd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		skip("no userfaultfd for this user");
	return fd;
}

static int watch_missing(char *addr, size_t len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)addr, len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = open_userfaultfd();

	if (ioctl(fd, UFFDIO_API, &api) < 0 ||
	    ioctl(fd, UFFDIO_REGISTER, &range) < 0)
		broken("userfaultfd");
	return fd;
}

static void fill_in(int fd, const char *addr)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)addr,
		.src = (uintptr_t)content,
		.len = page_size(),
	};

	if (ioctl(fd, UFFDIO_COPY, &copy) < 0)
		broken("UFFDIO_COPY");
}

static void stat_into(void)
{
	const struct shmid_ds *ds = (const void *)missing;

	say_result("IPC_STAT", shmctl(id, IPC_STAT, (void *)missing));
	say("nattch %lu", (unsigned long)ds->shm_nattch);
}

static void set_from(void)
{
	struct shmid_ds ds;

	say_result("IPC_SET", shmctl(id, IPC_SET, (void *)missing));
	shmctl(id, IPC_STAT, &ds);
	say("mode %o", ds.shm_perm.mode);
}

static void info_into(void)
{
	const struct shm_info *info = (const void *)missing;

	say("SHM_INFO %d", shmctl(0, SHM_INFO, (void *)missing) >= 0);
	say("%d segments", info->used_ids);
}

static void clone_from(void)
{
	long pid = syscall(SYS_clone3, missing, sizeof(struct clone_args));

	if (pid == 0)
		_exit(3);
	say("clone3 %s", pid > 0 ? "ok" : error_name(errno));
	say_reaped("child", (pid_t)pid);
}

static void filter_from(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say_result("seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
				      missing));
	say_result("getsid", getsid(0));
	say("%s", round_trip());
}

static void bind_from(void)
{
	char *addr = shared(8 * page_size());

	say_result("mbind", syscall(SYS_mbind, addr, page_size(), MPOL_BIND,
				    missing, 8UL, 0));
}

static void open_from(void)
{
	int fd = open(missing, O_RDONLY | O_CLOEXEC);
	char text[64] = "";

	say("open %s", fd >= 0 ? "ok" : error_name(errno));
	say("read %zd", fd >= 0 ? read(fd, text, 16) : -1);
}

static void write_from(void)
{
	int fd = open("/proc/sys/kernel/shmmni", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip("only root may write to it");
	say("write %zd", write(fd, missing, 3));
	say("%.3s", file_text("/proc/sys/kernel/shmmni"));
}

static void lock_piece(void)
{
	say_result("mlock", mlock(missing - page_size(), 2 * page_size()));
	say("%s", round_trip());
}

static void lock_all(void)
{
	say_result("mlockall", mlockall(MCL_CURRENT));
	say("%s", round_trip());
}

static void populate(void)
{
	/* 23: MADV_POPULATE_WRITE, newer than some headers */
	say_result("madvise",
		   madvise(missing - page_size(), 2 * page_size(), 23));
	say("%s", round_trip());
}

static struct sock_filter filter_code[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsid, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EUCLEAN),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static void put_mode(void)
{
	struct shmid_ds ds = { .shm_perm = { .mode = 0640 } };

	ds.shm_perm.uid = geteuid();
	ds.shm_perm.gid = getegid();
	memcpy(content, &ds, sizeof(ds));
}

static void put_clone(void)
{
	const struct clone_args args = { .exit_signal = SIGCHLD };

	memcpy(content, &args, sizeof(args));
}

static void put_filter(void)
{
	const struct sock_fprog program = { 4, filter_code };

	memcpy(content, &program, sizeof(program));
}

static void put_nodes(void)
{
	content[0] = 1;
}

static void put_path(void)
{
	strcpy(content, "/proc/sys/kernel/shmmax");
}

static void put_number(void)
{
	strcpy(content, "123");
}

static void put_nothing(void)
{
}

static const struct use {
	void (*put)(void);
	void (*call)(void);
} uses[] = {
	{ put_nothing, stat_into },  { put_mode, set_from },
	{ put_nothing, info_into },  { put_clone, clone_from },
	{ put_filter, filter_from }, { put_nodes, bind_from },
	{ put_path, open_from },     { put_number, write_from },
	{ put_nothing, lock_piece }, { put_nothing, lock_all },
	{ put_nothing, populate },
};

enum {
	STAT, SET, INFO, CLONE3, SECCOMP, MBIND, OPEN, WRITE,
	MLOCK, MLOCKALL, POPULATE,
};

static void *make_call(void *arg)
{
	const struct use *use = arg;

	use->call();
	return NULL;
}

static void go_by(void *arg)
{
	(void)arg;
	gate_pass(&go, "the other process's call");
	say("%s", round_trip());
	gate_open(&went);
}

/* Make the call in a thread, until it meets the missing page: a userfaultfd. */
static int begin(pthread_t *thread, long which)
{
	struct uffd_msg msg;
	int fd;

	content = calloc(1, page_size());
	uses[which].put();
	fd = watch_missing(missing, page_size());
	pthread_create(thread, NULL, make_call,
		       (void *)(uintptr_t)&uses[which]);
	await(fd, POLLIN, "the fault");
	if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
		broken("read of a fault");
	return fd;
}

static pid_t start_other_process(void)
{
	/* a skip must leave nobody behind who waits */
	close(open_userfaultfd());
	gate_init(&go);
	gate_init(&went);
	return start(go_by, NULL);
}

static void pass_other_process(void)
{
	gate_open(&go);
	gate_pass(&went, "the other process");
}

static void point_into(long which)
{
	pthread_t thread;
	pid_t pid = start_other_process();
	int fd;

	id = segment(page_size());
	missing = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = begin(&thread, which);
	say("another thread: %s", round_trip());
	pass_other_process();
	fill_in(fd, missing);
	pthread_join(thread, NULL);
	reap(pid);
}

/* Other threads of the same process are another matter. */
static void fetch(long which)
{
	pthread_t thread;
	pid_t pid = start_other_process();
	int fd;

	/* an attachment, and the page behind it */
	missing = mmap(NULL, 2 * page_size(), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shmat(segment(page_size()), missing, SHM_REMAP) != missing)
		broken("shmat");
	missing += page_size();
	fd = begin(&thread, which);
	pass_other_process();
	say("pid %d", getppid() > 0);
	fill_in(fd, missing);
	pthread_join(thread, NULL);
	reap(pid);
}

/* Nobody can fetch it. */
static void point_past_the_end(long arg)
{
	int fd = memfd_create("short", MFD_CLOEXEC);

	(void)arg;
	open_userfaultfd();
	missing = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED,
		       fd, 0);
	id = segment(page_size());
	for (int i = 0; i < 3; i++) {
		say_result("stat", shmctl(id, IPC_STAT, (void *)missing));
		say_result("set", shmctl(id, IPC_SET, (void *)missing));
		say_result("clone3", syscall(SYS_clone3, missing, 88));
		say_result("seccomp", syscall(SYS_seccomp, 1, 0, missing));
	}
	say_result("stat of nothing", shmctl(id, IPC_STAT, NULL));
	say("%s", round_trip());
}

const struct test tests[] = {
	{ "stat_into_missing_memory", point_into, STAT, NATIVE },
	{ "set_from_missing_memory", point_into, SET, NATIVE },
	{ "info_into_missing_memory", point_into, INFO, NATIVE },
	{ "clone3_from_missing_memory", point_into, CLONE3, NATIVE },
	{ "seccomp_from_missing_memory", point_into, SECCOMP, NATIVE },
	{ "mbind_from_missing_memory", point_into, MBIND, NATIVE },
	{ "open_from_missing_memory", point_into, OPEN, NATIVE },
	{ "write_from_missing_memory", point_into, WRITE, NATIVE },
	{ "mlock_of_missing_memory", fetch, MLOCK, NATIVE },
	{ "mlockall_of_missing_memory", fetch, MLOCKALL, NATIVE },
	{ "populate_of_missing_memory", fetch, POPULATE, NATIVE },
	{ "calls_point_past_the_end_of_a_file", point_past_the_end, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
