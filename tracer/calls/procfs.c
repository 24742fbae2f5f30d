// SPDX-License-Identifier: MIT
/*
 * procfs.c - lets the kernel open the host's file, which resolves the path
 * with its links and roots and checks permissions, and then replaces the
 * descriptor by one of a memfd with the emulated contents.
 */
#include "tracer/calls/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer/remote/remote.h"
#include "tracer/util/config.h"
#include "tracer/util/log.h"
#include "tracer/util/proc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PATH_ROOM 256
#define TEXT_ROOM 4096 /* bytes of one write() that count */

enum { SYSVIPC = -1, NONE = -2 };

static const struct {
	const char *path;	/* below /proc */
	int which;		/* enum emul_sysctl */
} files[] = {
	{ "/sysvipc/shm", SYSVIPC },
	{ "/sys/kernel/shmmax", EMUL_SHMMAX },
	{ "/sys/kernel/shmall", EMUL_SHMALL },
	{ "/sys/kernel/shmmni", EMUL_SHMMNI },
	{ "/sys/kernel/shm_rmid_forced", EMUL_SHM_RMID_FORCED },
	{ "/sys/kernel/shm_next_id", EMUL_SHM_NEXT_ID },
};

/* A file that was opened for writing. */
struct procfs_file {
	uint64_t inode; /* of the memfd in its place */
	enum emul_sysctl which;
	struct procfs_file *next;
};

struct opening {
	char path[PATH_ROOM];
	uint64_t flags;
};

/* Is the last component a name of an emulated file?  No more than that: the
   tracer waits for the open, and an open of a FIFO waits for another task. */
static bool is_file_name(const char *path)
{
	const char *last = strrchr(path, '/');

	last = last ? last + 1 : path;
	for (size_t i = 0; i < COUNT(files); i++)
		if (strcmp(last, strrchr(files[i].path, '/') + 1) == 0)
			return true;
	return false;
}

bool procfs_handles(int64_t nr)
{
#ifdef SYS_open
	if (nr == SYS_open || nr == SYS_creat)
		return true;
#endif
	return nr == SYS_openat || nr == SYS_openat2 || nr == SYS_write ||
	       nr == SYS_pwrite64;
}

/* What the call opens; false if the path does not end in a name of an emulated
   file. */
static bool read_opening(struct task *task, struct opening *opening)
{
	const uint64_t *args = task->call.asked.args;
	bool at = true, has_flags = true;

#ifdef SYS_open
	at = task->call.asked.nr != SYS_open &&
	     task->call.asked.nr != SYS_creat;
	has_flags = task->call.asked.nr != SYS_creat;
#endif
	memset(opening, 0, sizeof(*opening));
	remote_read(task, args[at], opening->path, PATH_ROOM - 1);
	if (!is_file_name(opening->path))
		return false;
	opening->flags = has_flags ? args[at + 1] : O_WRONLY;
	if (task->call.asked.nr == SYS_openat2)
		remote_read(task, args[2], &opening->flags,
			    sizeof(opening->flags));
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a >= b && strcmp(text + a - b, end) == 0;
}

static int file_by_path(const char *path)
{
	for (size_t i = 0; i < COUNT(files); i++)
		if (ends_with(path, files[i].path))
			return files[i].which;
	return NONE;
}

/* Which of the files the program's descriptor `number` refers to. */
static int file_by_descriptor(struct task *task, int number)
{
	char name[32], path[PATH_ROOM];
	struct statfs fs;
	int fd, which = NONE;

	snprintf(name, sizeof(name), "fd/%d", number);
	fd = undumpable_open_file(task, name, O_PATH);
	if (fd >= 0 && fstatfs(fd, &fs) == 0 &&
	    fs.f_type == PROC_SUPER_MAGIC) {
		snprintf(name, sizeof(name), "fd/%d", fd);
		if (proc_link(getpid(), name, path, sizeof(path)) == 0)
			which = file_by_path(path);
	}
	if (fd >= 0)
		close(fd);
	return which;
}

static void fill(int fd, struct task *task, int which)
{
	struct emul_ns *ns = task->ns;
	char small[24], *text = small;
	size_t len, room = 0;

	if (which == SYSVIPC) {
		room = emul_sysvipc(ns, task, NULL, 0) + 1;
		text = malloc(room);
		if (!text)
			return;
		len = emul_sysvipc(ns, task, text, room);
	} else {
		len = emul_sysctl_read(ns, (enum emul_sysctl)which, small);
	}
	/* ftruncate() first: after a shorter text, nothing of a longer older
	   one must follow */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, len, 0) < 0)
		log_warn("cannot fill a file of /proc: %s", strerror(errno));
	if (room)
		free(text);
}

/* A memfd with the contents, opened with the access mode that the program asked
   for: its descriptor, or -1. */
static int make_file(struct task *task, int which, uint64_t flags)
{
	int memfd = memfd_create("proc", MFD_CLOEXEC), fd;

	if (memfd < 0)
		return -1;
	fill(memfd, task, which);
	fd = proc_reopen(memfd, (int)(flags & O_ACCMODE));
	close(memfd);
	return fd;
}

/* Remember an open file that the program can write to, for procfs_write(): its
   inode.  A descriptor of the tracer for each would fill the table that
   segments need. */
static void remember_written(struct task *task, int fd, int which)
{
	struct procfs_file *file = malloc(sizeof(*file));
	struct stat st;

	if (!file || fstat(fd, &st) < 0) {
		free(file);
		return;
	}
	*file = (struct procfs_file){ st.st_ino, (enum emul_sysctl)which,
				      task->mm->procfs_files };
	task->mm->procfs_files = file;
	task->mm->stop_all_calls = true;
}

/* Open a file that the host does not have: there is no descriptor to
   replace. */
static sysret_t open_missing(struct task *task, int which,
			     const struct opening *opening)
{
	int fd = make_file(task, which, opening->flags);
	sysret_t number;

	if (fd < 0)
		return -ENOMEM;
	number = fd_inject_to_keep(task, fd, (int)opening->flags);
	close(fd);
	return number;
}

static sysret_t replace(struct task *task, int number, int which,
			const struct opening *opening)
{
	int fd = make_file(task, which, opening->flags);
	sysret_t result;

	if (fd < 0)
		return number;
	result = fd_inject_at(task, number, fd,
			      (int)(opening->flags & O_CLOEXEC));
	if (result >= 0 && which != SYSVIPC &&
	    (opening->flags & O_ACCMODE) != O_RDONLY)
		remember_written(task, fd, which);
	close(fd);
	return result == SYSRET_GONE ? result : number;
}

void procfs_open(struct task *task)
{
	struct opening opening;
	sysret_t result;
	int which;

	if (config.listener < 0 || !read_opening(task, &opening))
		return;
	result = remote_run(task);
	if (result >= 0) {
		which = file_by_descriptor(task, (int)result);
		if (which != NONE)
			result = replace(task, (int)result, which, &opening);
	} else if (result == -ENOENT &&
		   strncmp(opening.path, "/proc/", 6) == 0) {
		which = file_by_path(opening.path);
		if (which != NONE)
			result = open_missing(task, which, &opening);
	}
	remote_answer(task, result);
}

struct search {
	uint64_t creator;
	bool found;
};

static void match_creator(struct task *task, void *arg)
{
	struct search *search = arg;

	search->found |= task->mm && task->creator == search->creator;
}

static bool is_alive(uint64_t creator, void *arg)
{
	struct search search = { creator, false };

	(void)arg;
	task_each(match_creator, &search);
	return search.found;
}

/* What the program's descriptor is, and in `fd` one of ours for a moment. */
static struct procfs_file *find_written_file(struct task *task, int number,
					     int *fd)
{
	struct procfs_file *file = task->mm ? task->mm->procfs_files : NULL;
	struct stat st;
	char name[32];
	int path;

	if (!file)
		return NULL;
	snprintf(name, sizeof(name), "fd/%d", number);
	path = undumpable_open_file(task, name, O_PATH);
	if (path < 0)
		return NULL;
	if (fstat(path, &st) < 0)
		st.st_ino = 0;
	while (file && file->inode != st.st_ino)
		file = file->next;
	*fd = file ? proc_reopen(path, O_RDWR) : -1;
	close(path);
	return file;
}

/* The offset belongs to the program's open file. */
static sysret_t advance(struct task *task, sysret_t by)
{
	const uint64_t args[6] = { task->call.asked.args[0], (uint64_t)by,
				   SEEK_CUR };

	return remote_inject(task, SYS_lseek, args) == SYSRET_GONE ?
		       SYSRET_GONE :
		       by;
}

void procfs_write(struct task *task)
{
	const uint64_t *args = task->call.asked.args;
	char text[TEXT_ROOM];
	size_t len = args[2] < TEXT_ROOM ? (size_t)args[2] : TEXT_ROOM - 1;
	const struct procfs_file *file;
	sysret_t result;
	int fd = -1;

	file = find_written_file(task, (int)args[0], &fd);
	if (!file)
		return;
	result = remote_read(task, args[1], text, len);
	if (result == 0)
		result = emul_sysctl_write(task->ns, file->which, text, len);
	if (result >= 0) {
		if (fd >= 0)
			fill(fd, task, (int)file->which);
		if (file->which == EMUL_SHM_RMID_FORCED &&
		    emul_ns_limits(task->ns)->rmid_forced)
			emul_ns_destroy_orphans(task->ns, is_alive, NULL);
		if (task->call.asked.nr == SYS_write)
			result = advance(task, result);
	}
	if (fd >= 0)
		close(fd);
	remote_answer(task, result);
}

void procfs_close_all(struct procfs_file *files_written)
{
	while (files_written) {
		struct procfs_file *next = files_written->next;

		free(files_written);
		files_written = next;
	}
}
