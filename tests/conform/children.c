// SPDX-License-Identifier: MIT
/*
 * children.c - all ways to make a process or thread and to put a new image
 * into it, with the attachments followed along the way.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>


static int id;
static char *addr;

static void prepare(void)
{
	id = segment(2 * page_size());
	addr = attach(id);
	addr[0] = 1;
}

static void report(const char *who)
{
	say("%s: holds %d, nattch %ld, %s", who, addr[0], nattch(id),
	    round_trip());
	addr[0]++;
}

static void forked(long arg)
{
	pid_t pid;

	(void)arg;
	prepare();
	report("parent");
	pid = fork();
	if (pid == 0) {
		report("child");
		if (fork() == 0) {
			report("grandchild");
			_exit(2);
		}
		say("grandchild: %s", status_name(reap(-1)));
		detach(addr);
		say("child: detached, nattch %ld", nattch(id));
		_exit(1);
	}
	say_reaped("child", pid);
	report("parent");
}

static void child_alone(long arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		prepare();
		report("child");
		_exit(0);
	}
	say_reaped("child", pid);
	say("%s", round_trip());
}

static void vforked(long arg)
{
	static volatile char *volatile mine;
	pid_t pid;

	(void)arg;
	prepare();
	/* The child runs in this very memory: what it attaches, stays. */
	pid = vfork();
	if (pid == 0) {
		mine = shmat(id, NULL, 0);
		mine[1] = 7;
		report("child");
		_exit(0);
	}
	say_reaped("child", pid);
	say("holds %d, nattch %ld", mine[1], nattch(id));
	say_result("detach", shmdt((const void *)(uintptr_t)mine));
	report("parent");
}

static void vforked_exec(long how)
{
	pid_t pid;

	prepare();
	pid = vfork();
	if (pid == 0) {
		if (how)
			detach(addr);
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	say("nattch %ld", nattch(id));
	say_reaped("child", pid);
	say("nattch %ld", nattch(id));
	if (!how)
		report("parent");
}

static void vforked_killed(long arg)
{
	pid_t pid;

	(void)arg;
	prepare();
	pid = vfork();
	if (pid == 0) {
		attach(id);
		kill(getpid(), SIGKILL);
		_exit(9);
	}
	say_reaped("child", pid);
	report("parent");
}

static void spawned(long arg)
{
	char *argv[] = { (char[]){ "true" }, NULL };
	char *none[] = { (char[]){ "none" }, NULL };
	pid_t pid;

	(void)arg;
	prepare();
	say("spawn %d", posix_spawn(&pid, "/bin/true", NULL, NULL, argv,
				    environ));
	say_reaped("child", pid);
	say("spawn %s", error_name(posix_spawn(&pid, "/no/such/file", NULL,
					       NULL, none, environ)));
	report("parent");
}

static void systems(long arg)
{
	FILE *pipe_end;
	char line[64] = "";

	(void)arg;
	prepare();
	say("system %d", system("exit 3") >> 8);
	pipe_end = popen("echo from a shell", "r");
	if (!fgets(line, sizeof(line), pipe_end))
		broken("popen");
	say("popen %.*s", (int)strcspn(line, "\n"), line);
	pclose(pipe_end);
	report("parent");
}

static int cloned_child(void *arg)
{
	(void)arg;
	report("child");
	attach(id);
	say("child: nattch %ld", nattch(id));
	return 5;
}

static char child_stack[1 << 17] __attribute__((aligned(64)));

static void cloned(long flags)
{
	pid_t pid;

	prepare();
	pid = clone(cloned_child, child_stack + sizeof(child_stack),
		    (int)flags, NULL);
	if (pid < 0)
		broken("clone");
	say_reaped("child", pid);
	say("nattch %ld", nattch(id));
	report("parent");
}

/* A clone that shares the memory outlives the one that made it. */
static int outlives(void *arg)
{
	struct gate *gate = arg;

	gate_pass(gate, "the parent's end");
	report("clone");
	detach(addr);
	say("clone: nattch %ld", nattch(id));
	return 0;
}

static void sharer_outlives(long arg)
{
	struct gate gate;
	pid_t pid;
	int keep = segment(1);

	(void)arg;
	gate_init(&gate);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid == 0) {
		prepare();
		if (clone(outlives, child_stack + sizeof(child_stack),
			  CLONE_VM | SIGCHLD, &gate) < 0)
			broken("clone");
		_exit(0);
	}
	say_reaped("child", pid);
	gate_open(&gate);
	say("clone: %s", status_name(reap(-1)));
	say("nattch %ld", nattch(keep + 1));
}

static long raw_clone3(struct clone_args *args)
{
	return syscall(SYS_clone3, args, sizeof(*args));
}

static void cloned3(long flags)
{
	struct clone_args args = { .flags = (uint64_t)flags,
				   .exit_signal = SIGCHLD };
	long pid;

	prepare();
	pid = raw_clone3(&args);
	if (pid < 0)
		broken("clone3");
	if (pid == 0) {
		report("child");
		_exit(6);
	}
	say_reaped("child", (pid_t)pid);
	report("parent");
}

static void *thread_work(void *arg)
{
	int mine = segment(page_size());
	char *place = attach(mine);

	*place = (char)(intptr_t)arg;
	if (nattch(mine) != 1 || shmdt(place) < 0)
		return NULL;
	place = attach(mine);
	if (*place != (char)(intptr_t)arg || shmdt(place) < 0 ||
	    shmctl(mine, IPC_RMID, NULL) < 0)
		return NULL;
	return arg;
}

static pthread_t make_thread(void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	if ((errno = pthread_create(&thread, &attr, run, arg)))
		broken("pthread_create");
	return thread;
}

static void threads(long count)
{
	pthread_t all[512];
	long good = 0;
	void *result;

	prepare();
	for (long i = 0; i < count; i++)
		all[i] = make_thread(thread_work, (void *)(i + 1));
	for (long i = 0; i < count; i++) {
		pthread_join(all[i], &result);
		good += (intptr_t)result == i + 1;
	}
	say("%ld of %ld threads", good, count);
	report("leader");
}

static pthread_barrier_t barrier;

static void *attach_and_stay(void *arg)
{
	attach(id);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return arg;
}

static void threads_at_once(long count)
{
	pthread_t all[512];

	prepare();
	pthread_barrier_init(&barrier, NULL, (unsigned)count + 1);
	for (long i = 0; i < count; i++)
		all[i] = make_thread(attach_and_stay, NULL);
	pthread_barrier_wait(&barrier);
	say("nattch %ld", nattch(id));
	pthread_barrier_wait(&barrier);
	for (long i = 0; i < count; i++)
		pthread_join(all[i], NULL);
	say("nattch %ld", nattch(id));
}

static void many_children(long count)
{
	pid_t all[256];
	struct gate gate, there;

	gate_init(&gate);
	gate_init(&there);
	prepare();
	for (long i = 0; i < count; i++) {
		all[i] = fork();
		if (all[i] == 0) {
			attach(id);
			gate_open(&there);
			gate_pass(&gate, "the parent");
			_exit(0);
		}
	}
	/* in the middle of an attach Linux counts one more */
	for (long i = 0; i < count; i++)
		gate_pass(&there, "a child");
	say("nattch %ld", nattch(id));
	for (long i = 0; i < count; i++)
		gate_open(&gate);
	for (long i = 0; i < count; i++)
		reap(all[i]);
	say("nattch %ld", nattch(id));
}

/* Thread group ids count, not those of threads. */
static void *say_ids(void *arg)
{
	struct shmid_ds ds;
	int mine = segment(1);

	attach(mine);
	shmctl(mine, IPC_STAT, &ds);
	say("cpid %s, lpid %s", ds.shm_cpid == getpid() ? "process" : "?",
	    ds.shm_lpid == getpid() ? "process" : "?");
	return arg;
}

static void ids_of_threads(long arg)
{
	(void)arg;
	say_ids(NULL);
	pthread_join(make_thread(say_ids, NULL), NULL);
}

static void exec_again(const char *name)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", id);
	setenv("SEGMENT", number, 1);
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("OLD_PID", number, 1);
	/* /proc/self is the leader, and nothing more when that has ended. */
	execl("/proc/thread-self/exe", "children", name, NULL);
	broken("exec");
}

static int is_new_image(void)
{
	struct shmid_ds ds;

	if (!getenv("SEGMENT"))
		return 0;
	id = atoi(getenv("SEGMENT"));
	shmctl(id, IPC_STAT, &ds);
	say("new image: nattch %ld, lpid %s, pid %s, tid %s, %s", nattch(id),
	    ds.shm_lpid == getpid() ? "mine" : "?",
	    getpid() == atoi(getenv("OLD_PID")) ? "as before" : "?",
	    gettid() == getpid() ? "leader's" : "?", round_trip());
	return 1;
}

static void exec_plain(long arg)
{
	(void)arg;
	if (is_new_image())
		return;
	prepare();
	exec_again("exec_drops_attachments");
}

static void *exec_in_thread(void *arg)
{
	exec_again(arg);
	return NULL;
}

static void *attach_for_ever(void *arg)
{
	for (;;)
		detach(attach(id));
	return arg;
}

static void exec_thread(long arg)
{
	static char name[] = "exec_by_a_thread";

	(void)arg;
	if (is_new_image())
		return;
	prepare();
	for (int i = 0; i < 3; i++)
		make_thread(attach_for_ever, NULL);
	make_thread(exec_in_thread, name);
	for (;;)
		pause();
}

static void exec_after_leader(long arg)
{
	static char name[] = "exec_after_the_leader_has_ended";

	(void)arg;
	if (is_new_image())
		return;
	prepare();
	make_thread(exec_in_thread, name);
	syscall(SYS_exit, 0);
}

static void exec_fails(long arg)
{
	char *none[] = { NULL };

	(void)arg;
	prepare();
	say_result("absent", execl("/no/such/file", "x", NULL));
	say_result("directory", execl("/", "x", NULL));
	say_result("not executable", execl("/etc/passwd", "x", NULL));
	say_result("fault", execve((const char *)8, none, none));
	report("after all");
}

static void *fail_exec(void *arg)
{
	say_result("absent", execl("/no/such/file", "x", NULL));
	return arg;
}

static void exec_fails_in_thread(long arg)
{
	(void)arg;
	prepare();
	pthread_join(make_thread(fail_exec, NULL), NULL);
	report("leader");
}

static void exec_of_sharer(long arg)
{
	pid_t pid;

	(void)arg;
	prepare();
	pid = vfork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 4", NULL);
		_exit(9);
	}
	say_reaped("child", pid);
	report("parent");
}

static pthread_t leader;

static void *go_on_alone(void *arg)
{
	pthread_join(leader, NULL);
	report("thread");
	detach(addr);
	say("nattch %ld", nattch(id));
	_exit(7);
	return arg;
}

static void leader_ends(long arg)
{
	(void)arg;
	prepare();
	leader = pthread_self();
	make_thread(go_on_alone, NULL);
	syscall(SYS_exit, 0);
}

static void daemonized(long arg)
{
	pid_t pid, first = getpid();

	(void)arg;
	prepare();
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() == 0) {
			while (kill(first, 0) == 0)
				sched_yield();
			/* Gone from the list, so its memory is, too. */
			report("daemon");
			pid = fork();
			if (pid == 0) {
				report("daemon's child");
				_exit(0);
			}
			reap(pid);
			report("daemon");
			_exit(0);
		}
		_exit(0);
	}
	say_reaped("child", pid);
	say("first program: nattch %ld", nattch(id));
}

static void orphans(long arg)
{
	struct gate gate;
	pid_t pid;

	(void)arg;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	gate_init(&gate);
	prepare();
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			gate_pass(&gate, "the parent's end");
			say("orphan: nattch %ld", nattch(id));
			_exit(8);
		}
		_exit(0);
	}
	say_reaped("child", pid);
	gate_open(&gate);
	say("orphan: %s", status_name(reap(-1)));
	say_result("no more", wait(NULL));
	report("parent");
}

static void clone_parent(long arg)
{
	struct gate gate;
	pid_t pid, middle;
	int ends[2];

	(void)arg;
	gate_init(&gate);
	if (pipe(ends) < 0)
		broken("pipe");
	prepare();
	middle = fork();
	if (middle == 0) {
		pid = clone(cloned_child, child_stack + sizeof(child_stack),
			    CLONE_PARENT | SIGCHLD, NULL);
		if (write(ends[1], &pid, sizeof(pid)) != sizeof(pid))
			broken("write");
		gate_pass(&gate, "the sibling's end");
		say_result("middle: wait", wait(NULL));
		_exit(0);
	}
	if (read(ends[0], &pid, sizeof(pid)) != sizeof(pid))
		broken("read");
	say_reaped("its sibling", pid);
	gate_open(&gate);
	say_reaped("middle", middle);
	say("nattch %ld", nattch(id));
}

/* Dies while it shares the memory with others, who go on. */
static int die_at_once(void *arg)
{
	attach(id);
	kill(getpid(), *(int *)arg);
	return 0;
}

static void sharer_dies(long sig)
{
	int how = (int)sig;
	pid_t pid;

	prepare();
	for (int i = 0; i < 20; i++) {
		pid = clone(die_at_once, child_stack + sizeof(child_stack),
			    CLONE_VM | SIGCHLD, &how);
		if (reap(pid) >> 8 || nattch(id) != i + 2)
			say("wrong: round %d, nattch %ld", i, nattch(id));
	}
	report("parent");
}

static void dontfork(long arg)
{
	pid_t pid;

	(void)arg;
	prepare();
	madvise(addr, page_size(), MADV_DONTFORK);
	say("nattch %ld", nattch(id));
	pid = fork();
	if (pid == 0) {
		say("child: nattch %ld", nattch(id));
		say_result("child: detach", shmdt(addr));
		say("child: nattch %ld", nattch(id));
		_exit(0);
	}
	say_reaped("child", pid);
	report("parent");
}

static void fork_in_thread_step(void *arg)
{
	(void)arg;
	report("child");
}

static void *fork_in_thread(void *arg)
{
	say_reaped("child", start(fork_in_thread_step, NULL));
	return arg;
}

static void thread_forks(long arg)
{
	(void)arg;
	prepare();
	pthread_join(make_thread(fork_in_thread, NULL), NULL);
	report("leader");
}

static void pidfd_cloned(long arg)
{
	int fd = -1;
	struct clone_args args = { .flags = CLONE_PIDFD,
				   .pidfd = (uint64_t)(uintptr_t)&fd,
				   .exit_signal = SIGCHLD };
	siginfo_t info;
	long pid;

	(void)arg;
	prepare();
	pid = raw_clone3(&args);
	if (pid == 0) {
		report("child");
		_exit(6);
	}
	if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED) < 0)
		broken("waitid");
	say("status %d, nattch %ld", info.si_status, nattch(id));
}

/* No signal at the end: only __WALL and __WCLONE find it. */
static void no_exit_signal(long arg)
{
	pid_t pid, found;
	int error;

	(void)arg;
	prepare();
	pid = clone(cloned_child, child_stack + sizeof(child_stack), 0, NULL);
	found = waitpid(pid, NULL, 0);
	error = errno;
	say_reaped("child", pid);
	errno = error;
	say_result("plain wait", found);
	say("nattch %ld", nattch(id));
}

static int copy_of_true(void)
{
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
	int to = memfd_create("true", 0);

	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	close(from);
	return to;
}

/* Whoever reads all of it fills memory: a hole of tmpfs becomes pages. */
static void exec_of_sparse_file(long size)
{
	char *argv[] = { (char *)(uintptr_t)"true", NULL };
	int fd = copy_of_true();
	struct stat before, after;
	pid_t pid;

	if (ftruncate(fd, size) < 0 || fstat(fd, &before) < 0)
		broken("ftruncate");
	pid = fork();
	if (pid == 0) {
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		_exit(BROKEN);
	}
	say_reaped("sparse file", pid);
	fstat(fd, &after);
	say("%d more blocks", (int)(after.st_blocks - before.st_blocks));
}

static void cut_and_grow(void *arg)
{
	const int *fd = arg;

	for (;;)
		if (ftruncate(*fd, 1 << 20) < 0 || ftruncate(*fd, 0) < 0)
			_exit(BROKEN);
}

/* One that looks at its arguments must not be hurt. */
static void exec_beside_a_shrinking_argument(long rounds)
{
	char path[] = "/tmp/children-XXXXXX";
	int fd = mkstemp(path);
	pid_t pid = start(cut_and_grow, &fd);

	for (long i = 0; i < rounds; i++) {
		pid_t child = vfork();

		if (child == 0) {
			execl("/bin/true", "true", path, NULL);
			_exit(BROKEN);
		}
		claim(reap(child) == 0, "round %ld", i);
	}
	kill(pid, SIGKILL);
	reap(pid);
	unlink(path);
	say("%s", round_trip());
}

static struct gate child_runs, attached;

static void *attach_beside_child(void *arg)
{
	gate_pass(&child_runs, "the child");
	say("%s", round_trip());
	gate_open(&attached);
	return arg;
}

/* Its parent waits for it, but shares nothing with it: the parent's other
   threads go on. */
static void copy_vforked(long flags)
{
	pthread_t thread;
	long pid;

	gate_init(&child_runs);
	gate_init(&attached);
	pthread_create(&thread, NULL, attach_beside_child, NULL);
	pid = syscall(SYS_clone, flags | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		gate_open(&child_runs);
		gate_pass(&attached, "the other thread's attach");
		_exit(3);
	}
	pthread_join(thread, NULL);
	say_reaped("child", (pid_t)pid);
}

const struct test tests[] = {
	{ "fork", forked, 0, NATIVE },
	{ "fork_of_an_unattached_process", child_alone, 0, NATIVE },
	{ "vfork_child_attaches", vforked, 0, NATIVE },
	{ "vfork_and_exec", vforked_exec, 0, NATIVE },
	{ "vfork_child_detaches_and_execs", vforked_exec, 1, NATIVE },
	{ "vfork_child_is_killed", vforked_killed, 0, NATIVE },
	{ "posix_spawn", spawned, 0, NATIVE },
	{ "system_and_popen", systems, 0, NATIVE },
	{ "clone", cloned, SIGCHLD, NATIVE },
	{ "clone_vm", cloned, CLONE_VM | SIGCHLD, NATIVE },
	{ "clone_vm_vfork", cloned, CLONE_VM | CLONE_VFORK | SIGCHLD, NATIVE },
	{ "clone_untraced", cloned, CLONE_UNTRACED | SIGCHLD, NATIVE },
	{ "clone_untraced_vm", cloned, CLONE_UNTRACED | CLONE_VM | SIGCHLD,
	  NATIVE },
	{ "clone_untraced_vfork", cloned,
	  CLONE_UNTRACED | CLONE_VM | CLONE_VFORK | SIGCHLD, NATIVE },
	{ "clone_vfork_of_a_copy", copy_vforked, 0, NATIVE },
	{ "clone_untraced_vfork_of_a_copy", copy_vforked, CLONE_UNTRACED,
	  NATIVE },
	{ "clone_files_fs_sighand", cloned,
	  CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_VM | SIGCHLD,
	  NATIVE },
	{ "clone_io_sysvsem", cloned, CLONE_IO | CLONE_SYSVSEM | SIGCHLD,
	  NATIVE },
	{ "clone_with_another_signal", cloned, SIGURG, NATIVE },
	{ "clone_parent", clone_parent, 0, NATIVE },
	{ "clone_without_exit_signal", no_exit_signal, 0, NATIVE },
	{ "clone_vm_outlives_its_parent", sharer_outlives, 0, NATIVE },
	{ "clone_vm_is_killed", sharer_dies, SIGKILL, NATIVE },
	{ "clone_vm_is_terminated", sharer_dies, SIGTERM, NATIVE },
	{ "clone3", cloned3, 0, NATIVE },
	{ "clone3_untraced", cloned3, CLONE_UNTRACED, NATIVE },
	{ "clone3_clear_sighand", cloned3, (long)CLONE_CLEAR_SIGHAND, NATIVE },
	{ "clone3_pidfd", pidfd_cloned, 0, NATIVE },
	{ "300_threads", threads, 300, NATIVE },
	{ "300_threads_attached_at_once", threads_at_once, 300, NATIVE },
	{ "100_children_attached_at_once", many_children, 100, NATIVE },
	{ "ids_of_threads_are_those_of_the_process", ids_of_threads, 0,
	  NATIVE },
	{ "fork_in_a_thread", thread_forks, 0, NATIVE },
	{ "exec_drops_attachments", exec_plain, 0, NATIVE },
	{ "exec_by_a_thread", exec_thread, 0, NATIVE },
	{ "exec_after_the_leader_has_ended", exec_after_leader, 0, NATIVE },
	{ "failed_exec_changes_nothing", exec_fails, 0, NATIVE },
	{ "failed_exec_in_a_thread", exec_fails_in_thread, 0, NATIVE },
	{ "exec_of_a_vfork_child", exec_of_sharer, 0, NATIVE },
	{ "exec_of_a_sparse_file", exec_of_sparse_file, 1L << 28, NATIVE },
	{ "exec_beside_a_shrinking_argument", exec_beside_a_shrinking_argument,
	  300, NATIVE },
	{ "leader_ends_first", leader_ends, 0, NATIVE },
	{ "daemon_outlives_the_first_program", daemonized, 0, NATIVE },
	{ "orphans_are_reaped_by_the_subreaper", orphans, 0, NATIVE },
	{ "dontfork_is_not_inherited", dontfork, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
