// SPDX-License-Identifier: MIT
/*
 * limits_files.c - the files of the limits in /proc, by a program that does
 * not show that it opens them: their names are nowhere in its file.
 */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *limit_file(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%s/kernel/%s%s", "sys", "sh", name);
	return path;
}

static unsigned long most_segments(void)
{
	struct shminfo info;

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&info) < 0)
		broken("shmctl");
	return info.shmmni;
}

static int open_by(int how, const char *path)
{
	struct {
		uint64_t flags, mode, resolve;
	} beneath = { O_RDWR, 0, 0 };
	int dir, fd = -1;

	switch (how) {
	case 0:
		return open(path, O_WRONLY);
	case 1:
		return openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	case 2:
		return (int)syscall(437, AT_FDCWD, path, &beneath,
				    sizeof(beneath));
	case 3:
		return creat(path, 0644);
	case 4:
		dir = open("/proc/sys", O_PATH | O_DIRECTORY);
		fd = openat(dir, path + strlen("/proc/sys/"), O_WRONLY);
		close(dir);
		return fd;
	default:
#ifdef SYS_open
		return (int)syscall(SYS_open, path, O_WRONLY | O_TRUNC);
#else
		return open(path, O_WRONLY | O_TRUNC);
#endif
	}
}

static void need_root(void)
{
	if (access(limit_file("mmni"), W_OK) < 0)
		skip("only root writes limits");
}

/* Each way to open a file for writing. */
static void writes_reach_the_namespace(long arg)
{
	char text[16];

	(void)arg;
	need_root();
	for (int how = 0; how < 6; how++) {
		int len = snprintf(text, sizeof(text), "%d\n", 70 + how);
		int fd = open_by(how, limit_file("mmni"));

		say_result("write", write(fd, text, (size_t)len));
		say_result("offset", lseek(fd, 0, SEEK_CUR));
		close(fd);
		say("limit %lu", most_segments());
	}
}

static void many_opens(long count)
{
	need_root();
	while (count--) {
		int fd = open(limit_file("mmax"), O_RDWR);

		if (fd < 0)
			broken("open");
		close(fd);
	}
	say("%s", round_trip());
}

/* Who has no right to write has none under shmtrace. */
static void refused_without_root(long arg)
{
	(void)arg;
	if (getuid() == 0 && setuid(65534) < 0)
		skip("no other user");
	say_result("open", open(limit_file("mmni"), O_WRONLY));
	say_result("creat", creat(limit_file("mmni"), 0644));
}

static void read_fifo(void *path)
{
	char byte = 0;
	int fd = open(path, O_RDONLY);

	say_result("read", read(fd, &byte, 1));
}

/* An open that waits for another process must not hold that up. */
static void opens_fifo(long arg)
{
	char dir[] = "/tmp/shm.XXXXXX", path[64];
	pid_t pid;
	int fd;

	(void)arg;
	if (!mkdtemp(dir))
		broken("mkdtemp");
	snprintf(path, sizeof(path), "%s/shmfifo", dir);
	if (mkfifo(path, 0600) < 0)
		broken("mkfifo");
	pid = start(read_fifo, path);
	fd = open(path, O_WRONLY);
	if (write(fd, "", 1) != 1)
		broken("write");
	say_reaped("reader", pid);
	unlink(path);
	rmdir(dir);
}

const struct test tests[] = {
	{ "fifo_with_shm_in_its_name", opens_fifo, 0, NATIVE },
	{ "hidden_writes_reach_the_namespace", writes_reach_the_namespace, 0,
	  NATIVE },
	{ "many_opens_for_writing_keep_no_descriptor", many_opens, 2000,
	  NATIVE },
	{ "writes_are_refused_without_root", refused_without_root, 0, NATIVE },
	{ NULL, NULL, 0, NATIVE },
};
