// SPDX-License-Identifier: MIT
/*
 * mem.c - copies by process_vm_readv and process_vm_writev, which respect page
 * protections and stop at the first bad page; PTRACE_PEEKDATA and
 * PTRACE_POKEDATA ignore protections.  For a process that is not dumpable: by
 * the files of /proc/TID that were opened before.
 */
#include "tracer/remote/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracer/util/config.h"
#include "tracer/util/proc.h"

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
   protections.  On x86-64 and arm64 a writable page is readable.  `right`:
   index in proc_map.prot, 0 read, 1 write. */
static bool may_touch(int maps, uint64_t addr, int right)
{
	struct proc_map map;

	return proc_map_at(maps, addr, &map) && map.start <= addr &&
	       (map.prot[1] == 'w' || map.prot[right] != '-' ||
		(right == 0 && map.prot[2] == 'x' && can_read_code()));
}

static ssize_t copy_by_files(const struct mm_files *files, uint64_t addr,
			     void *buf, size_t len, bool write)
{
	errno = EFAULT;
	if (!may_touch(files->maps, addr, write))
		return -1;
	return write ? pwrite(files->mem, buf, len, (off_t)addr) :
		       pread(files->mem, buf, len, (off_t)addr);
}

int mem_open_files(pid_t tid, struct mm_files *files)
{
	files->mem = proc_open(tid, "mem", O_RDWR);
	files->maps = proc_open(tid, "maps", O_RDONLY);
	if (files->mem >= 0 && files->maps >= 0)
		return 0;
	mem_close_files(files);
	return -1;
}

void mem_close_files(const struct mm_files *files)
{
	if (files->mem >= 0)
		close(files->mem);
	if (files->maps >= 0)
		close(files->maps);
}

/* In place of process_vm_readv and process_vm_writev, on hosts that refuse
   these calls, and where `files` are open. */
static ssize_t copy_by_proc(const struct task *task, uint64_t addr, void *buf,
			    size_t len, bool write)
{
	struct mm_files files;
	ssize_t n;

	if (task->mm && task->mm->files)
		return copy_by_files(task->mm->files, addr, buf, len, write);
	if (mem_open_files(task->tid, &files) < 0) {
		errno = errno == EACCES ? EPERM : EFAULT;
		return -1;
	}
	n = copy_by_files(&files, addr, buf, len, write);
	mem_close_files(&files);
	return n;
}

static ssize_t copy_part(const struct task *task, uint64_t addr, void *buf,
			 size_t len, bool write)
{
	struct iovec local = { buf, len };
	/* struct iovec has the program's address as a pointer */
	struct iovec remote = { (void *)(uintptr_t)addr, len };
	ssize_t n;

	if (config.memory_by_proc || (task->mm && task->mm->userfaults))
		return copy_by_proc(task, addr, buf, len, write);
	n = write ? process_vm_writev(task->tid, &local, 1, &remote, 1, 0) :
		    process_vm_readv(task->tid, &local, 1, &remote, 1, 0);
	/* process_vm_readv fails for a page with PROT_EXEC or PROT_WRITE
	   alone, which the program can read */
	if (n < 0 && ((errno == EPERM && task->mm && task->mm->files) ||
		      (errno == EFAULT && !write)))
		n = copy_by_proc(task, addr, buf, len, write);
	return n;
}

/* Copies page by page, so that the bytes before a fault are copied. */
static sysret_t copy(const struct task *task, uint64_t addr, char *buf,
		     size_t len, bool write)
{
	size_t done = 0;

	while (done < len) {
		uint64_t at = addr + done;
		uint64_t rest = config.page_size - at % config.page_size;
		size_t part = len - done < rest ? len - done : (size_t)rest;
		ssize_t n = copy_part(task, at, buf + done, part, write);

		if (n < 0 && errno == ESRCH)
			return SYSRET_GONE;
		if (n < 0 && (errno == EPERM || errno == EIO))
			return -errno;
		if (n <= 0)
			return -EFAULT;
		done += (size_t)n;
	}
	return 0;
}

sysret_t mem_read(const struct task *task, uint64_t addr, void *buf, size_t len)
{
	return copy(task, addr, buf, len, false);
}

sysret_t mem_write(const struct task *task, uint64_t addr, const void *buf,
		   size_t len)
{
	/* struct iovec has no const; process_vm_writev only reads buf */
	return copy(task, addr, (char *)(uintptr_t)buf, len, true);
}

int mem_poke(const struct task *task, uint64_t addr, const void *buf,
	     size_t len)
{
	const struct mm_files *files = task->mm ? task->mm->files : NULL;

	if (files)
		return pwrite(files->mem, buf, len, (off_t)addr) ==
				       (ssize_t)len ? 0 : -1;
	for (size_t done = 0; done < len; done += sizeof(long)) {
		size_t part = len - done < sizeof(long) ? len - done :
							  sizeof(long);
		long word = 0;

		memcpy(&word, (const char *)buf + done, part);
		/* ptrace() takes the program's address as a pointer */
		if (ptrace(PTRACE_POKEDATA, task->tid,
			   (void *)(uintptr_t)(addr + done), word) < 0)
			return -1;
	}
	return 0;
}
