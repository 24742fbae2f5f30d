// SPDX-License-Identifier: MIT
/*
 * mem.c - copies by process_vm_readv and process_vm_writev, which respect page
 * protections and stop at the first bad page; PTRACE_PEEKDATA and
 * PTRACE_POKEDATA ignore protections.
 */
#include "tracer/remote/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer/util/config.h"
#include "tracer/util/proc.h"

typedef ssize_t copy_fn(pid_t, const struct iovec *, unsigned long,
			const struct iovec *, unsigned long, unsigned long);

/* Can the kernel read a page that has PROT_EXEC alone, for a system call of its
   process?  It cannot with protection keys on x86-64, nor with EPAN on
   arm64. */
static bool can_read_code(void)
{
	static enum { UNKNOWN, YES, NO } answer;
	int pair[2];
	void *page;

	if (answer != UNKNOWN)
		return answer == YES;
	answer = NO;
	page = mmap(NULL, config.page_size, PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return false;
	if (pipe2(pair, O_CLOEXEC) == 0) {
		if (write(pair[1], page, 1) == 1)
			answer = YES;
		close(pair[0]);
		close(pair[1]);
	}
	munmap(page, config.page_size);
	return answer == YES;
}

/* May the program itself read or write this byte?  /proc/TID/mem does not check
   protections.  On x86-64 and arm64 a writable page is readable. */
struct access {
	uint64_t addr;
	int right;		/* index in proc_map.prot: 0 read, 1 write */
	bool granted;
};

static int look_up(const struct proc_map *map, void *arg)
{
	struct access *access = arg;

	if (map->end <= access->addr)
		return 0;
	access->granted = map->start <= access->addr &&
			  (map->prot[1] == 'w' ||
			   map->prot[access->right] != '-' ||
			   (access->right == 0 && map->prot[2] == 'x' &&
			    can_read_code()));
	return 1;
}

static int open_memory(pid_t tid, uint64_t addr, int right)
{
	struct access access = { addr, right, false };

	proc_maps(tid, look_up, &access);
	errno = EFAULT;
	return access.granted ? proc_open(tid, "mem", O_RDWR) : -1;
}

/* In place of process_vm_readv and process_vm_writev, on hosts that refuse
   these calls. */
static ssize_t copy_by_proc(pid_t tid, const struct iovec *local,
			    const struct iovec *remote, int right)
{
	uint64_t addr = (uintptr_t)remote->iov_base;
	int fd = open_memory(tid, addr, right);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = right ? pwrite(fd, local->iov_base, local->iov_len, (off_t)addr) :
		    pread(fd, local->iov_base, local->iov_len, (off_t)addr);
	close(fd);
	return n;
}

static ssize_t read_by_proc(pid_t tid, const struct iovec *local,
			    unsigned long local_count,
			    const struct iovec *remote,
			    unsigned long remote_count, unsigned long flags)
{
	(void)local_count;
	(void)remote_count;
	(void)flags;
	return copy_by_proc(tid, local, remote, 0);
}

static ssize_t write_by_proc(pid_t tid, const struct iovec *local,
			     unsigned long local_count,
			     const struct iovec *remote,
			     unsigned long remote_count, unsigned long flags)
{
	(void)local_count;
	(void)remote_count;
	(void)flags;
	return copy_by_proc(tid, local, remote, 1);
}

/* Copies page by page, so that the bytes before a fault are copied. */
static sysret_t copy(pid_t tid, copy_fn *fn, uint64_t addr, char *buf,
		     size_t len)
{
	size_t done = 0;

	while (done < len) {
		uint64_t at = addr + done;
		uint64_t rest = config.page_size - at % config.page_size;
		size_t part = len - done < rest ? len - done : (size_t)rest;
		struct iovec local = { buf + done, part };
		/* struct iovec has the program's address as a pointer */
		struct iovec remote = { (void *)(uintptr_t)at, part };
		ssize_t n = fn(tid, &local, 1, &remote, 1, 0);

		if (n < 0 && errno == ESRCH)
			return SYSRET_GONE;
		if (n < 0 && errno == EPERM)
			return -EPERM;
		/* process_vm_readv fails for a page with PROT_EXEC or
		   PROT_WRITE alone, which the program can read */
		if (n < 0 && errno == EFAULT && fn == process_vm_readv)
			n = read_by_proc(tid, &local, 1, &remote, 1, 0);
		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

sysret_t mem_read(pid_t tid, uint64_t addr, void *buf, size_t len)
{
	return copy(tid,
		    config.memory_by_proc ? read_by_proc : process_vm_readv,
		    addr, buf, len);
}

sysret_t mem_write(pid_t tid, uint64_t addr, const void *buf, size_t len)
{
	/* struct iovec has no const; process_vm_writev only reads buf */
	return copy(tid,
		    config.memory_by_proc ? write_by_proc : process_vm_writev,
		    addr, (char *)(uintptr_t)buf, len);
}
