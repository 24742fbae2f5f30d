// SPDX-License-Identifier: MIT
/*
 * differences.c - what programs may notice of shmtrace: each entry of the
 * man page's list "Differences from Linux" as it is, and no further.
 *
 * These run under shmtrace only; each says by claims what must hold.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpu.h"

/* The line of /proc/self/maps that starts at an address; "" if none. */
static const char *line_at(const void *addr)
{
	static char line[512];
	char start_text[32];
	const char *found;

	snprintf(start_text, sizeof(start_text), "%lx-",
		 (unsigned long)(uintptr_t)addr);
	found = strstr(file_text("/proc/self/maps"), start_text);
	snprintf(line, sizeof(line), "%s", found ? found : "");
	line[strcspn(line, "\n")] = 0;
	return line;
}

static int count_lines(const char *text)
{
	const char *maps = file_text("/proc/self/maps");
	int count = 0;

	while ((maps = strstr(maps, text))) {
		count++;
		maps++;
	}
	return count;
}

static void names(long arg)
{
	const char *line = line_at(attach(shmget(0x1234, 1, IPC_CREAT | 0600)));

	(void)arg;
	claim(strstr(line, "/memfd:SYSV00001234 (deleted)") != NULL,
	      "maps has %s", line);
}

/* The kernel joins what is alike, nattch does not. */
static void merged(long arg)
{
	size_t page = page_size();
	int id = segment(8 * page);
	char *addr = attach(id);

	(void)arg;
	mprotect(addr + 2 * page, 2 * page, PROT_READ);
	claim(nattch(id) == 3, "split: nattch %ld", nattch(id));
	claim(count_lines("SYSV") == 3, "split: %d lines", count_lines("SYSV"));
	mprotect(addr + 2 * page, 2 * page, PROT_READ | PROT_WRITE);
	claim(nattch(id) == 3, "joined: nattch %ld", nattch(id));
	claim(count_lines("SYSV") == 1, "joined: %d lines",
	      count_lines("SYSV"));
	detach(addr);
	claim(nattch(id) == 0, "detached: nattch %ld", nattch(id));
}

/* Two attaches never merge, though, however they lie. */
static void attaches_never_merge(long arg)
{
	size_t page = page_size();
	int id = segment(page);
	char *room = mmap(NULL, 4 * page, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	shmat(id, room, SHM_REMAP);
	shmat(id, room + page, SHM_REMAP);
	claim(count_lines("SYSV") == 2, "%d lines", count_lines("SYSV"));
	claim(nattch(id) == 2, "nattch %ld", nattch(id));
}

static void fixed_window(long arg)
{
	char *first = shared(page_size()), *second = shared(page_size());
	long distance = (long)(first - second);

	(void)arg;
	claim(labs(distance) < 1L << 38, "attaches are %ld apart", distance);
	detach(first);
	claim(shared(page_size()) != NULL, "no attach");
}

static void no_new_privs(long arg)
{
	const char *value = status_field("NoNewPrivs");

	(void)arg;
	claim(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0,
	      "PR_GET_NO_NEW_PRIVS %d", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	claim(atoi(value) == (geteuid() != 0), "NoNewPrivs %s", value);
	claim(atoi(status_field("TracerPid")) != 0, "no TracerPid");
}

static void one_listener(long arg)
{
	struct sock_filter code[] = {
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog program = { 1, code };
	long fd;

	(void)arg;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		     SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	claim(fd == -1 && errno == EBUSY, "listener %ld %s", fd,
	      error_name(errno));
	claim(!strcmp(round_trip(), "round trip ok"), "%s", round_trip());
}

static long install(struct sock_filter *code, unsigned short len)
{
	struct sock_fprog program = { len, code };

	for (unsigned i = 0; i < len; i++)
		code[i] = (struct sock_filter){ BPF_RET | BPF_K, 0, 0,
						SECCOMP_RET_ALLOW };
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static void longest_filter(long arg)
{
	static struct sock_filter code[BPF_MAXINSNS];

	(void)arg;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	claim(install(code, BPF_MAXINSNS - 16) == 0, "%s", error_name(errno));
	claim(!strcmp(round_trip(), "round trip ok"), "%s", round_trip());
	errno = 0;
	claim(install(code, BPF_MAXINSNS) == 0 || errno == EINVAL ||
	      errno == ENOMEM, "%s", error_name(errno));
	claim(!strcmp(round_trip(), "round trip ok"), "%s", round_trip());
}

static void one_tracer(long arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		claim(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 &&
		      errno == EPERM, "PTRACE_TRACEME: %s", error_name(errno));
		for (;;)
			pause();
	}
	claim(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == -1 && errno == EPERM,
	      "PTRACE_SEIZE: %s", error_name(errno));
	kill(pid, SIGKILL);
	reap(pid);
}

/* Without its stub pages, the map is as before the first attach. */
static void stub_pages(long arg)
{
	static char before[1 << 16];
	char line[512];
	const char *maps;
	unsigned long from, to, first = 0;
	int stubs = 0;

	(void)arg;
	file_text("/proc/self/maps");
	snprintf(before, sizeof(before), "%s", file_text("/proc/self/maps"));
	detach(shared(page_size()));
	detach(shared(page_size()));
	for (maps = file_text("/proc/self/maps"); *maps;
	     maps += *maps == '\n') {
		size_t len = strcspn(maps, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, maps);
		maps += len;
		if (strstr(before, line))
			continue;
		sscanf(line, "%lx-%lx", &from, &to);
		first = first ? first : from;
		stubs++;
		claim(to - from == page_size() &&
			      from - first < 2 * page_size(),
		      "more than stub pages: %s", line);
	}
	claim(stubs == 2, "%d stub pages", stubs);
}

static void no_descriptor_possible(long arg)
{
	struct rlimit none = { 0, 0 };
	int id = segment(page_size());

	(void)arg;
	if (setrlimit(RLIMIT_NOFILE, &none) < 0)
		broken("setrlimit");
	claim((intptr_t)shmat(id, NULL, 0) == -1 && errno == ENOMEM,
	      "shmat: %s", error_name(errno));
	claim(nattch(id) == 0, "nattch %ld", nattch(id));
}

static void filter_without_a_say(long action)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_shmat },
		{ BPF_RET | BPF_K, 0, 0, (uint32_t)action },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog program = { 4, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		broken("seccomp");
	claim(!strcmp(round_trip(), "round trip ok"), "%s", round_trip());
}

static void call32_is_getpid(void *arg)
{
	(void)arg;
	_exit(cpu_call32(20, 0, 0, 0, 0, 0) != getpid());
}

/* ENOSYS where it is not compiled in, SIGSEGV where ia32_emulation=off. */
static void need_call32(void)
{
	if (!CPU_HAS_FOREIGN)
		skip("this CPU has no other system-call entry");
	if (reap(start(call32_is_getpid, NULL)) != 0)
		skip("the kernel has no 32-bit calls (IA32_EMULATION)");
}

/* Direct numbers, and ipc(2)'s. */
static void foreign_calls(long arg)
{
	static const uint32_t numbers[] = { 395, 396, 397, 398 };

	(void)arg;
	need_call32();
	for (int i = 0; i < 4; i++) {
		long result = cpu_call32(numbers[i], 0, 4096, 01600, 0, 0);

		claim(result == -ENOSYS, "call %u: %ld", numbers[i], result);
	}
	for (uint32_t what = 21; what <= 24; what++) {
		long result = cpu_call32(117, what, 0, 4096, 01600, 0);

		claim(result == -ENOSYS, "ipc %u: %ld", what, result);
		result = cpu_call32(117, what | 1 << 16, 0, 4096, 01600, 0);
		claim(result == -ENOSYS, "ipc %u version 1: %ld", what, result);
	}
	claim(!strcmp(round_trip(), "round trip ok"), "%s", round_trip());
}

static void x32_calls(long arg)
{
	static const long numbers[] = { SYS_shmget, SYS_shmctl, SYS_shmat,
					SYS_shmdt };

	(void)arg;
	if (!CPU_HAS_FOREIGN)
		skip("this CPU has no other system-call entry");
	for (int i = 0; i < 4; i++) {
		long result = syscall(CPU_X32_BIT | numbers[i], 0, 4096, 01600);

		claim(result == -1 && errno == ENOSYS, "call %ld: %ld %s",
		      numbers[i], result, error_name(errno));
	}
}

static void fault_descriptors(long arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.mode = UFFDIO_REGISTER_MODE_MISSING
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	(void)arg;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0)
		skip("no userfaultfd");
	range.range.start = (uint64_t)(uintptr_t)shared(page_size());
	range.range.len = page_size();
	claim(ioctl(fd, UFFDIO_REGISTER, &range) == 0, "refused: %s",
	      error_name(errno));
}

static int ring_setup(struct io_uring_params *params)
{
	int fd = (int)syscall(SYS_io_uring_setup, 1, params);

	if (fd < 0)
		skip("no io_uring");
	return fd;
}

static void *ring_part(int fd, size_t size, off_t offset)
{
	void *part = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  offset);

	if (part == MAP_FAILED)
		broken("mmap of a ring");
	return part;
}

/* One submission; the result of its completion. */
static int advise_by_ring(void *addr, size_t len, unsigned advice)
{
	struct io_uring_params params = { .flags = 0 };
	int fd = ring_setup(&params);
	char *submissions = ring_part(fd, page_size(), IORING_OFF_SQ_RING);
	char *completions = ring_part(fd, page_size(), IORING_OFF_CQ_RING);
	struct io_uring_sqe *entry = ring_part(fd, sizeof(*entry),
					       IORING_OFF_SQES);

	*entry = (struct io_uring_sqe){
		.opcode = IORING_OP_MADVISE, .addr = (uintptr_t)addr,
		.len = (uint32_t)len, .fadvise_advice = advice,
	};
	*(unsigned *)(void *)(submissions + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(void *)(submissions +
			 params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL,
		    0) != 1)
		broken("io_uring_enter");
	return ((struct io_uring_cqe *)(void *)(completions +
						params.cq_off.cqes))->res;
}

static void advice_by_ring(long arg)
{
	size_t page = page_size();
	int id = segment(4 * page), result;
	char *addr = attach(id);

	(void)arg;
	result = advise_by_ring(addr + page, page, MADV_DONTDUMP);
	claim(result == 0, "result %d", result);
	claim(nattch(id) == 1, "nattch %ld", nattch(id));
	detach(addr);
	claim(nattch(id) == 0, "detached: nattch %ld", nattch(id));
}

/* Before 6.8 a VMA that becomes like its neighbour is a third one, and does
   not go over to it; before 6.17 a move that fails has emptied its target. */
static void newest_answers(long arg)
{
	size_t page = page_size();
	int id = segment(4 * page), other = segment(2 * page);
	char *addr = attach(id), *target = attach(other);

	(void)arg;
	if (mprotect(addr + 2 * page, 2 * page, PROT_READ) < 0 ||
	    mprotect(addr + 2 * page, page, PROT_READ | PROT_WRITE) < 0)
		broken("mprotect");
	claim(nattch(id) == 2, "nattch %ld", nattch(id));
	claim(mremap(addr + 3 * page, 2 * page, 2 * page,
		     MREMAP_MAYMOVE | MREMAP_FIXED, target) == MAP_FAILED &&
	      errno == EFAULT, "mremap: %s", error_name(errno));
	claim(nattch(other) == 1, "the target: nattch %ld", nattch(other));
	detach(target);
	detach(addr);
}

#define HUGE_GROUP "/proc/sys/vm/hugetlb_shm_group"

static bool write_group(long group)
{
	int fd = open(HUGE_GROUP, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && dprintf(fd, "%ld\n", group) > 0;

	close(fd);
	return written;
}

/* Of a group that may have huge pages only since the run began: EPERM, where
   Linux would look at the pool of pages. */
static void ask_for_huge_pages(void *arg)
{
	gid_t group = (gid_t)*(long *)arg;

	if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 ||
	    setresuid(group, group, group) < 0)
		broken("setresuid");
	claim(shmget(IPC_PRIVATE, 1, SHM_HUGETLB | 0600) < 0 &&
	      errno == EPERM, "shmget: %s", error_name(errno));
}

static void late_huge_group(long group)
{
	long before = atol(file_text(HUGE_GROUP));
	int id;

	if (geteuid() != 0)
		skip("needs root");
	id = shmget(IPC_PRIVATE, 1, SHM_HUGETLB | SHM_NORESERVE | 0600);
	if (id < 0 || shmctl(id, IPC_RMID, NULL) < 0)
		skip("no huge pages on this kernel");
	if (!write_group(group))
		skip("vm.hugetlb_shm_group cannot be set");
	reap(start(ask_for_huge_pages, &group));
	if (!write_group(before))
		broken(HUGE_GROUP);
}

/* EFAULT both times where the kernel copies for the thread itself. */
static void guarded_arguments(long arg)
{
	struct shmid_ds *ds = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int key = pkey_alloc(0, 0);
	int id = segment(page_size());

	(void)arg;
	if (key < 0)
		skip("this CPU or kernel has no protection keys");
	shmctl(id, IPC_STAT, ds);
	if (pkey_mprotect(ds, page_size(), PROT_READ | PROT_WRITE, key) < 0 ||
	    pkey_set(key, PKEY_DISABLE_ACCESS) < 0)
		broken("pkey_set");
	claim(shmctl(id, IPC_SET, ds) == 0, "IPC_SET: %s", error_name(errno));
	claim(shmctl(id, IPC_STAT, ds) == 0, "IPC_STAT: %s",
	      error_name(errno));
}

/* Linux then has none left for what can only be executed, and keeps ours. */
static void no_key_left(long arg)
{
	enum { RW = PROT_READ | PROT_WRITE };
	int id = segment(6 * page_size());
	char *at = (char *)attach(id) + 2 * page_size();
	int key = pkey_alloc(0, 0);

	(void)arg;
	if (key < 0)
		skip("this CPU or kernel has no protection keys");
	while (pkey_alloc(0, 0) >= 0)
		;
	if (pkey_mprotect(at, 2 * page_size(), RW, key) < 0 ||
	    mprotect(at, 2 * page_size(), PROT_EXEC) < 0 ||
	    mprotect(at, page_size(), RW) < 0)
		broken("mprotect");
	claim(nattch(id) == 3, "nattch %ld", nattch(id));
}

const struct test tests[] = {
	{ "maps_name_a_memfd", names, 0, OURS },
	{ "maps_join_vmas_that_nattch_counts", merged, 0, OURS },
	{ "two_attaches_have_two_lines", attaches_never_merge, 0, OURS },
	{ "attaches_go_into_one_window", fixed_window, 0, OURS },
	{ "status_shows_no_new_privs_of_an_ordinary_user", no_new_privs, 0,
	  OURS },
	{ "seccomp_listener_is_busy", one_listener, 0, OURS },
	{ "longest_seccomp_filter_is_a_little_shorter", longest_filter, 0,
	  OURS },
	{ "a_process_has_one_tracer", one_tracer, 0, OURS },
	{ "shm_calls_by_int_0x80_are_enosys", foreign_calls, 0, OURS },
	{ "shm_calls_by_x32_numbers_are_enosys", x32_calls, 0, OURS },
	{ "first_attach_brings_two_stub_pages", stub_pages, 0, OURS },
	{ "descriptor_hard_limit_0_is_enomem", no_descriptor_possible, 0,
	  OURS },
	{ "filter_does_not_refuse_shmat_in_plain_mode", filter_without_a_say,
	  SECCOMP_RET_ERRNO | EXDEV, PLAIN },
	{ "filter_does_not_kill_in_shmat_in_plain_mode", filter_without_a_say,
	  SECCOMP_RET_KILL_PROCESS, PLAIN },
	{ "userfaultfd_takes_an_attach", fault_descriptors, 0, OURS },
	{ "advice_by_io_uring_is_not_counted", advice_by_ring, 0, OURS },
	{ "answers_are_those_of_linux_6_18", newest_answers, 0, OURS },
	{ "huge_page_group_is_that_of_the_start", late_huge_group, 54321,
	  OURS },
	{ "code_alone_has_a_key_when_none_is_left", no_key_left, 0, OURS },
	{ "protection_keys_guard_no_argument", guarded_arguments, 0, OURS },
	{ NULL, NULL, 0, NATIVE },
};
