// SPDX-License-Identifier: MIT
/*
 * procfs_likely.c - is a program likely to open /proc/sysvipc/shm or
 * /proc/sys/kernel/shm*?  Searches its executable, script and arguments.
 */
#include <errno.h>
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

/* Searched for in executables and scripts. */
static const char *const names[] = { "/proc/sysvipc", "/proc/sys/kernel/shm" };
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

static bool text_names_files(const char *text, size_t len)
{
	return contains_any(text, len, names, COUNT(names)) ||
	       /* sysctl(8) puts this before the names that it is given */
	       memmem(text, len, "\0/proc/sys/\0", 12);
}

/* Does the file contain the name of one of the emulated files?  Read it in
   pieces that overlap by more than a name's length, and leave holes out.  Not
   by mmap(2): when the file is truncated meanwhile, the tracer gets SIGBUS. */
static bool names_files(int fd)
{
	enum { PIECE = 65536, OVERLAP = 64 };
	char *text = malloc(PIECE);
	bool found = false;
	off_t at = 0, data;
	ssize_t len;

	while (text && !found) {
		data = lseek(fd, at, SEEK_DATA);
		if (data > at + OVERLAP)
			at = data - OVERLAP;
		if (data < 0 && errno == ENXIO)
			break;
		len = pread(fd, text, PIECE, at);
		if (len <= 0)
			break;
		found = text_names_files(text, (size_t)len);
		at += len > OVERLAP ? len - OVERLAP : len;
	}
	free(text);
	return found;
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
			st.st_dev,
			st.st_ino,
			st.st_ctim,
			names_files(fd),
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
	found = names_files(fd);
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
