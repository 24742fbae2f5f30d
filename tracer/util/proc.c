// SPDX-License-Identifier: MIT
/*
 * proc.c - reads and opens files of /proc.
 */
#include "tracer/util/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int proc_dir = -1;

/* Make a procfs that is mounted nowhere, for systems without /proc: its root
   directory, or -1. */
static int open_detached(void)
{
	int mount = -1;
	int fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fs >= 0)
		close(fs);
	return mount;
}

static bool is_procfs(int dir)
{
	return dir >= 0 && faccessat(dir, "self/status", R_OK, 0) == 0;
}

int proc_init(void)
{
	proc_dir = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (is_procfs(proc_dir))
		return 0;
	if (proc_dir >= 0)
		close(proc_dir);
	proc_dir = open_detached();
	if (is_procfs(proc_dir))
		return 0;
	errno = ENOENT;
	return -1;
}

int proc_open(pid_t tid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", tid, name);
	return openat(proc_dir, path, flags | O_CLOEXEC);
}

int proc_reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "self/fd/%d", fd);
	return openat(proc_dir, path, flags | O_CLOEXEC);
}

uint64_t proc_namespace(pid_t tid, const char *name)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "%d/ns/%s", tid, name);
	if (fstatat(proc_dir, path, &st, 0) < 0)
		return 0;
	return st.st_ino;
}

/* fstat() gives no size for files of /proc: read until the end. */
static char *read_all(int fd, size_t *len)
{
	size_t room = 8192, used = 0;
	char *text = malloc(room);

	while (text) {
		ssize_t n = read(fd, text + used, room - used - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			text[used] = '\0';
			*len = used;
			break;
		}
		used += (size_t)n;
		if (room - used < 4096) {
			char *more = realloc(text, room *= 2);

			if (!more)
				free(text);
			text = more;
		}
	}
	return text;
}

char *proc_read_sized(pid_t tid, const char *name, size_t *len)
{
	int fd = proc_open(tid, name, O_RDONLY);
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd, len);
	close(fd);
	return text;
}

char *proc_read(pid_t tid, const char *name)
{
	size_t len;

	return proc_read_sized(tid, name, &len);
}

int proc_link(pid_t tid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "%d/%s", tid, name);
	len = readlinkat(proc_dir, path, buf, size - 1);
	if (len < 0)
		return -1;
	buf[len] = '\0';
	return 0;
}

static pid_t status_pid(pid_t tid, const char *field)
{
	char *text = proc_read(tid, "status");
	const char *line = text ? strstr(text, field) : NULL;
	pid_t pid = line ? (pid_t)strtol(line + strlen(field), NULL, 10) : 0;

	free(text);
	return pid;
}

pid_t proc_tgid(pid_t tid)
{
	return status_pid(tid, "\nTgid:");
}

pid_t proc_ppid(pid_t tid)
{
	return status_pid(tid, "\nPPid:");
}

static const char *find_field(const char *text, const char *field)
{
	const char *line = strstr(text, field);

	line = line ? line + strlen(field) : "";
	return line + strspn(line, "\t ");
}

/* "Threads:" is 0 for a leader that has ended before the others. */
static int count_threads(pid_t pid)
{
	DIR *dir = NULL;
	int fd = proc_open(pid, "task", O_RDONLY | O_DIRECTORY), count = 0;
	const struct dirent *entry;

	if (fd >= 0)
		dir = fdopendir(fd);
	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return count;
}

int proc_status(pid_t pid, struct proc_status *status)
{
	char *text = proc_read(pid, "status");

	*status = (struct proc_status){ 0 };
	if (!text || !*text) {
		free(text);
		return -1;
	}
	status->state = *find_field(text, "\nState:");
	status->tracer =
		(pid_t)strtol(find_field(text, "\nTracerPid:"), NULL, 10);
	status->threads = (int)strtol(find_field(text, "\nThreads:"), NULL, 10);
	if (status->state == 'Z')
		status->threads = count_threads(pid);
	free(text);
	return 0;
}

static bool is_of_our_namespace(void)
{
	char self[16] = "";

	return proc_dir >= 0 &&
	       readlinkat(proc_dir, "self", self, sizeof(self) - 1) > 0 &&
	       strtol(self, NULL, 10) == getpid();
}

int proc_each(void (*visit)(pid_t pid, void *arg), void *arg)
{
	const struct dirent *entry;
	DIR *dir;
	int fd;

	if (!is_of_our_namespace())
		return -1;
	fd = openat(proc_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0)
			visit(pid, arg);
	}
	closedir(dir);
	return 0;
}

static rlim_t parse_limit(const char **at)
{
	char *end;
	rlim_t value;

	*at += strspn(*at, " ");
	if (strncmp(*at, "unlimited", 9) == 0) {
		*at += 9;
		return RLIM_INFINITY;
	}
	value = strtoull(*at, &end, 10);
	*at = end;
	return value;
}

int proc_open_file(const char *name)
{
	return openat(proc_dir, name, O_RDONLY | O_CLOEXEC);
}

char *proc_read_file(const char *name)
{
	int fd = proc_open_file(name);
	char *text;
	size_t len;

	if (fd < 0)
		return NULL;
	text = read_all(fd, &len);
	close(fd);
	return text;
}

uint64_t proc_number(const char *name)
{
	int fd = proc_open_file(name);
	char text[32] = "";

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strtoull(text, NULL, 10);
}

bool proc_limit(pid_t tid, const char *name, struct rlimit *limit)
{
	char *text = proc_read(tid, "limits");
	const char *line = text ? strstr(text, name) : NULL;

	if (line) {
		line += strlen(name);
		limit->rlim_cur = parse_limit(&line);
		limit->rlim_max = parse_limit(&line);
	}
	free(text);
	return line != NULL;
}

static bool parse_map(const char *line, struct proc_map *map)
{
	int path = 0;

	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64 "%n",
		   &map->start, &map->end, map->prot, &map->offset,
		   &map->inode, &path) < 5)
		return false;
	map->path = line + path + strspn(line + path, " ");
	return true;
}

/* Calls visit for each whole line: how many bytes these had. */
static size_t visit_lines(char *text,
			  int (*visit)(const struct proc_map *, void *),
			  void *arg, int *result)
{
	char *line = text, *end;

	while (!*result && (end = strchr(line, '\n')) != NULL) {
		struct proc_map map;

		*end = '\0';
		if (parse_map(line, &map))
			*result = visit(&map, arg);
		line = end + 1;
	}
	return (size_t)(line - text);
}

/* In pieces: the text of 65,000 mappings has 5 MB. */
static int each_map(int fd, int (*visit)(const struct proc_map *, void *),
		    void *arg)
{
	char text[3 * 4096]; /* a line, with its path, has less than two */
	size_t used = 0;
	int result = 0;
	ssize_t n;

	while (!result) {
		n = read(fd, text + used, sizeof(text) - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
		text[used] = '\0';
		n = (ssize_t)visit_lines(text, visit, arg, &result);
		used -= (size_t)n;
		memmove(text, text + n, used);
	}
	return result;
}

int proc_maps(pid_t tid, int (*visit)(const struct proc_map *, void *),
	      void *arg)
{
	int fd = proc_open(tid, "maps", O_RDONLY);
	int result;

	if (fd < 0)
		return -1;
	result = each_map(fd, visit, arg);
	close(fd);
	return result;
}

/* PROCMAP_QUERY, Linux 6.11: newer than some headers. */
struct query {
	uint64_t size, flags, addr;
	uint64_t start, end, vma_flags, page_size, offset, inode;
	uint32_t major, minor, name_size, id_size;
	uint64_t name, id;
};

enum { COVERING_OR_NEXT = 1 << 4 };

static void set_map(struct proc_map *map, const struct query *query)
{
	*map = (struct proc_map){
		.start = query->start,
		.end = query->end,
		.offset = query->offset,
		.inode = query->inode,
	};
	for (unsigned i = 0; i < 3; i++)
		map->prot[i] = query->vma_flags & 1U << i ? "rwx"[i] : '-';
	map->prot[3] = query->vma_flags & 1U << 3 ? 's' : 'p';
}

struct search {
	uint64_t addr;
	struct proc_map *map;
};

static int find(const struct proc_map *map, void *arg)
{
	const struct search *search = arg;

	if (map->end <= search->addr)
		return 0;
	*search->map = *map;
	search->map->path = NULL;
	return 1;
}

bool proc_map_at(int maps, uint64_t addr, struct proc_map *map)
{
	struct query query = {
		.size = sizeof(query),
		.flags = COVERING_OR_NEXT,
		.addr = addr,
	};
	struct search search = { addr, map };

	if (ioctl(maps, _IOWR('f', 17, struct query), &query) == 0) {
		set_map(map, &query);
		return true;
	}
	return errno == ENOTTY && lseek(maps, 0, SEEK_SET) == 0 &&
	       each_map(maps, find, &search) == 1;
}
