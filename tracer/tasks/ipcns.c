// SPDX-License-Identifier: MIT
/*
 * ipcns.c - IPC namespaces by inode, each with a registry of segments.
 *
 * As in Linux a namespace lives while a task is in it, or an open file or a
 * mount refers to it.  The tracer looks for such files and mounts in /proc when
 * the last task leaves the namespace, and then whenever a task enters a
 * namespace that may be a new one.
 */
#include "tracer/tasks/ipcns.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/tasks/task.h"
#include "tracer/util/config.h"
#include "tracer/util/proc.h"

enum { DEPTH_MAX = 33 };	/* of user namespaces */

struct known {
	uint64_t inode;		/* 0: the host has no IPC namespaces */
	struct emul_ns *ns;
	struct known *next;
	bool left;	 /* its last task has left it */
	bool held;	 /* a file or a mount refers to it */
	unsigned owners; /* entries of owner[]: inodes of the user
			    namespace that owns it, and those above */
	uint64_t owner[DEPTH_MAX];
};

/* The first one is the last of the list. */
static struct known *known;

/* Fill in owner[], up to the tracer's own user namespace, which is left
   out. */
static void find_owners(struct known *entry, pid_t tid)
{
	uint64_t own = proc_namespace(getpid(), "user");
	int ns = proc_open(tid, "ns/ipc", O_RDONLY);
	int fd = ns < 0 ? -1 : ioctl(ns, NS_GET_USERNS), parent;
	struct stat st;

	while (fd >= 0 && entry->owners < DEPTH_MAX &&
	       fstat(fd, &st) == 0 && st.st_ino != own) {
		entry->owner[entry->owners++] = st.st_ino;
		parent = ioctl(fd, NS_GET_PARENT);
		close(fd);
		fd = parent;
	}
	if (fd >= 0)
		close(fd);
	if (ns >= 0)
		close(ns);
}

static struct known *add(uint64_t inode, pid_t tid)
{
	struct known *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->inode = inode;
	entry->ns = emul_ns_new(config.emul);
	if (!entry->ns) {
		free(entry);
		return NULL;
	}
	if (known)
		find_owners(entry, tid);
	entry->next = known;
	known = entry;
	return entry;
}

int ipcns_init(void)
{
	return add(proc_namespace(getpid(), "ipc"), getpid()) ? 0 : -1;
}

struct emul_ns *ipcns_first(void)
{
	struct known *entry = known;

	while (entry->next)
		entry = entry->next;
	return entry->ns;
}

static struct known *find(const struct emul_ns *ns)
{
	struct known *entry = known;

	while (entry && entry->ns != ns)
		entry = entry->next;
	return entry;
}

/* Mark the namespace that a link "ipc:[INODE]" names. */
static void mark_held(const char *name)
{
	uint64_t inode;

	if (sscanf(name, "ipc:[%" SCNu64 "]", &inode) != 1)
		return;
	for (struct known *entry = known; entry; entry = entry->next)
		entry->held |= entry->inode == inode;
}

static void mark_by_files(pid_t tid)
{
	int fd = proc_open(tid, "fd", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *file;
	char name[64];
	ssize_t len;

	while (dir && (file = readdir(dir)) != NULL) {
		len = readlinkat(fd, file->d_name, name, sizeof(name) - 1);
		if (len < 0)
			continue;
		name[len] = '\0';
		mark_held(name);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

static void mark_by_mounts(pid_t tid)
{
	char *text = proc_read(tid, "mountinfo");
	const char *at = text;

	while (at && (at = strstr(at, " ipc:[")) != NULL)
		mark_held(++at);
	free(text);
}

static void mark_by_task(struct task *task, void *arg)
{
	(void)arg;
	mark_by_files(task->tid);
	mark_by_mounts(task->tid);
}

/* Free the namespaces that nothing refers to any more. */
static void sweep(void)
{
	for (struct known *entry = known; entry; entry = entry->next)
		entry->held = false;
	task_each(mark_by_task, NULL);
	for (struct known **at = &known; *at;) {
		struct known *entry = *at;

		if (entry->left && !entry->held) {
			*at = entry->next;
			emul_ns_put(entry->ns);
			free(entry);
		} else {
			at = &entry->next;
		}
	}
}

static bool any_left(void)
{
	const struct known *entry = known;

	while (entry && !entry->left)
		entry = entry->next;
	return entry != NULL;
}

static struct known *find_inode(uint64_t inode)
{
	struct known *entry = known;

	while (entry && entry->inode != inode)
		entry = entry->next;
	return entry;
}

struct emul_ns *ipcns_of(pid_t tid, struct emul_ns *otherwise)
{
	uint64_t inode = proc_namespace(tid, "ipc");
	struct known *entry = find_inode(inode);

	/* `left`: a task has entered it again by a file, or a new namespace
	   has got the same inode */
	if (!entry || entry->left) {
		if (any_left())
			sweep();
		entry = find_inode(inode);
	}
	if (!entry && inode)
		entry = add(inode, tid);
	if (!entry)
		return emul_ns_get(otherwise);
	entry->left = false;
	return emul_ns_get(entry->ns);
}

void ipcns_put(struct emul_ns *ns)
{
	struct known *entry;

	emul_ns_put(ns);
	if (emul_ns_is_shared(ns))
		return;
	entry = find(ns);
	if (!entry || !entry->next)
		return;
	entry->left = true;
	sweep();
}

bool ipcns_is_below(const struct emul_ns *ns, uint64_t user_ns)
{
	const struct known *entry = find(ns);

	for (unsigned i = 0; entry && i < entry->owners; i++)
		if (entry->owner[i] == user_ns)
			return true;
	return false;
}

bool ipcns_tells(pid_t pid)
{
	const struct known *entry = known;

	while (entry && !emul_ns_mentions_pid(entry->ns, pid))
		entry = entry->next;
	return entry != NULL;
}

void ipcns_done(void)
{
	while (known) {
		struct known *next = known->next;

		emul_ns_put(known->ns);
		free(known);
		known = next;
	}
}
