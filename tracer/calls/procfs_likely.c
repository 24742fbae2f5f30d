// SPDX-License-Identifier: MIT
/*
 * procfs_likely.c - is a program likely to open /proc/sysvipc/shm or
 * /proc/sys/kernel/shm*?  Searches its executable, script and arguments.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/calls/procfs.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SCRIPT_SIZE_MAX (1 << 20)
#define CACHE_SIZE 64

enum {
	SEARCHED_MAX = 32 << 20, /* of an executable: some 10 ms */
	PIECE = 1 << 16,
	OVERLAP = 32,		/* longer than what is looked for */
	PARTS_MAX = 64,
};

/* Searched for in arguments; sysctl(8) has "kernel.shmmax". */
static const char *const words[] = { "sysvipc", "kernel/shm", "kernel.shm" };

/* Executables that were searched before. */
struct known {
	dev_t dev;
	ino_t inode;
	struct timespec changed;
	bool names_files;
};

static struct known cache[CACHE_SIZE];

static bool contains_any(const char *text, size_t len,
			 const char *const *needles, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memmem(text, len, needles[i], strlen(needles[i])))
			return true;
	return false;
}

static bool begins_with(const char *at, const char *end, const char *begin,
			size_t len)
{
	return (size_t)(end - at) >= len && memcmp(at, begin, len) == 0;
}

/* Does it contain the name of one of the emulated files? */
static bool text_names_files(const char *text, size_t len)
{
	const char *at = text, *end = text + len;

	while ((at = memmem(at, (size_t)(end - at), "/proc/sys", 9)) != NULL) {
		if (begins_with(at, end, "/proc/sysvipc", 13) ||
		    begins_with(at, end, "/proc/sys/kernel/shm", 20) ||
		    /* sysctl(8) puts this before the names that it is given */
		    (at > text && !at[-1] &&
		     begins_with(at, end, "/proc/sys/", 11)))
			return true;
		at += 9;
	}
	return false;
}

/* Search bytes of the file, in pieces that overlap by more than a name has.
   Not by mmap(2): when the file is truncated meanwhile, the tracer gets
   SIGBUS. */
static bool part_names_files(int fd, uint64_t from, uint64_t len)
{
	static char text[OVERLAP + PIECE];
	size_t kept = 0;

	while (len) {
		size_t want = len < PIECE ? (size_t)len : PIECE;
		ssize_t n = pread(fd, text + kept, want, (off_t)from);

		if (n <= 0)
			return false;
		if (text_names_files(text, kept + (size_t)n))
			return true;
		from += (uint64_t)n;
		len -= (uint64_t)n;
		n += (ssize_t)kept;
		kept = n < OVERLAP ? (size_t)n : OVERLAP;
		memmove(text, text + n - kept, kept);
	}
	return false;
}

/* The program headers of an executable: how many; -1: it is no ELF file of 64
   bits. */
static int read_parts(int fd, Elf64_Phdr parts[PARTS_MAX])
{
	Elf64_Ehdr head;
	ssize_t n;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    head.e_phentsize != sizeof(*parts) || head.e_phnum > PARTS_MAX)
		return -1;
	n = pread(fd, parts, head.e_phnum * sizeof(*parts),
		  (off_t)head.e_phoff);
	return n < 0 ? -1 : (int)((size_t)n / sizeof(*parts));
}

/* Search what is loaded of an executable, data before code, or a whole file. */
static bool names_files(int fd, uint64_t size)
{
	static Elf64_Phdr parts[PARTS_MAX];
	uint64_t left = SEARCHED_MAX;
	int count = read_parts(fd, parts);

	if (count < 0)
		return part_names_files(fd, 0, size < left ? size : left);
	for (int i = 0; count && i < 2 * count; i++) {
		const Elf64_Phdr *part = &parts[i % count];
		uint64_t len = part->p_filesz < left ? part->p_filesz : left;

		if (part->p_type != PT_LOAD ||
		    !(part->p_flags & PF_X) != (i < count))
			continue;
		if (part_names_files(fd, part->p_offset, len))
			return true;
		left -= len;
	}
	return false;
}

static bool executable_names_files(int fd)
{
	struct known *known;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	known = &cache[st.st_ino % CACHE_SIZE];
	if (known->dev != st.st_dev || known->inode != st.st_ino ||
	    known->changed.tv_sec != st.st_ctim.tv_sec ||
	    known->changed.tv_nsec != st.st_ctim.tv_nsec)
		*known = (struct known){
			st.st_dev, st.st_ino, st.st_ctim,
			names_files(fd, (uint64_t)st.st_size),
		};
	return known->names_files;
}

/* `path`: an O_PATH descriptor.  open() without O_PATH only after fstat() has
   said that it is a regular file: a FIFO's writer would see a reader, and the
   open of a device can have an effect. */
static bool regular_file_names_files(int path)
{
	struct stat st;
	bool found;
	int fd;

	if (fstat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > SCRIPT_SIZE_MAX)
		return false;
	fd = proc_reopen(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return false;
	found = names_files(fd, (uint64_t)st.st_size);
	close(fd);
	return found;
}

/* A script: a small regular file. */
static bool script_names_files(pid_t tid, const char *path)
{
	char name[512];
	bool found;
	int fd;

	snprintf(name, sizeof(name), "%s%s", *path == '/' ? "root" : "cwd/",
		 path);
	fd = proc_open(tid, name, O_PATH);
	if (fd < 0)
		return false;
	found = regular_file_names_files(fd);
	close(fd);
	return found;
}

/* /proc/TID/cmdline has the arguments, each with a zero byte at its end.  The
   first that is no option can be the script. */
static bool arguments_name_files(pid_t tid)
{
	size_t len;
	char *text = proc_read_sized(tid, "cmdline", &len);
	const char *script;
	bool found;

	if (!text)
		return false;
	found = contains_any(text, len, words, COUNT(words));
	script = text + strlen(text) + 1;
	while (!found && script < text + len && *script == '-')
		script += strlen(script) + 1;
	if (!found && script < text + len)
		found = script_names_files(tid, script);
	free(text);
	return found;
}

bool procfs_is_likely(struct task *task)
{
	bool found;
	int fd;

	if (config.proc != PROC_AUTO)
		return false;
	fd = proc_open(task->tid, "exe", O_RDONLY);
	if (fd < 0)
		return false;
	found = executable_names_files(fd) || arguments_name_files(task->tid);
	close(fd);
	return found;
}
