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
#include <linux/filter.h>
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

/* Direct numbers, and ipc(2)'s. */
static void foreign_calls(long arg)
{
	static const uint32_t numbers[] = { 395, 396, 397, 398 };

	(void)arg;
	if (!CPU_HAS_FOREIGN)
		skip("this CPU has no other system-call entry");
	if (cpu_call32(20, 0, 0, 0, 0, 0) != getpid())
		skip("the kernel has no 32-bit calls");
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

const struct test tests[] = {
	{ "maps_name_a_memfd", names, 0, OURS },
	{ "maps_join_pieces_that_nattch_counts", merged, 0, OURS },
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
	{ "userfaultfd_takes_an_attach", fault_descriptors, 0, OURS },
	{ NULL, NULL, 0, NATIVE },
};
