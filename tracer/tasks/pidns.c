// SPDX-License-Identifier: MIT
/*
 * pidns.c - a tree of pid namespaces, and the ids of processes in each.
 *
 * The kernel uses inodes of namespaces and ids of processes again.  So a
 * namespace has a number here that is never used again; and the ids of a
 * process that is gone are forgotten when no segment has it in shm_lpid or
 * shm_cpid, or when another process gets its id.
 */
#include "tracer/tasks/pidns.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/tasks/ipcns.h"
#include "tracer/tasks/task.h"
#include "tracer/util/proc.h"

#define BUCKETS 1024		/* a power of two */

enum {
	DEPTH_MAX = 33, /* MAX_PID_NS_LEVEL, and the tracer's own */
	SWEEP_MIN = 4096,
};

struct pidns {
	uint64_t id;		/* never used twice */
	uint64_t inode;
	unsigned refs;
	struct pidns *parent; /* NULL: the tracer's own */
	struct pidns *next;
};

/* The id of a process in one namespace. */
struct name {
	uint64_t ns;		/* struct pidns.id */
	int32_t pid;
};

/* The ids of a process of a nested namespace. */
struct names {
	struct names *next;	/* hash chain */
	int32_t pid;		/* in the tracer's namespace */
	unsigned count;
	struct name name[];
};

static uint64_t own_inode, last_id;
static struct pidns *living;
static struct names *buckets[BUCKETS];
static unsigned known, sweep_at = SWEEP_MIN;

void pidns_init(void)
{
	own_inode = proc_namespace(getpid(), "pid");
}

struct pidns *pidns_get(struct pidns *ns)
{
	if (ns)
		ns->refs++;
	return ns;
}

void pidns_put(struct pidns *ns)
{
	while (ns && --ns->refs == 0) {
		struct pidns **at = &living, *parent = ns->parent;

		while (*at != ns)
			at = &(*at)->next;
		*at = ns->next;
		free(ns);
		ns = parent;
	}
}

/* The namespace that fd refers to, with those above it; closes fd.  NULL for
   the tracer's own. */
static struct pidns *find_or_add(int fd)
{
	struct pidns *ns = living;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino == own_inode) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (ns && ns->inode != st.st_ino)
		ns = ns->next;
	if (ns) {
		close(fd);
		return pidns_get(ns);
	}
	ns = malloc(sizeof(*ns));
	if (ns) {
		*ns = (struct pidns){ ++last_id, st.st_ino, 1, NULL, NULL };
		ns->parent = find_or_add(ioctl(fd, NS_GET_PARENT));
		ns->next = living;
		living = ns;
	}
	close(fd);
	return ns;
}

static struct names **find(int32_t pid)
{
	struct names **at = &buckets[(unsigned)pid % BUCKETS];

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

static void forget(struct names **at)
{
	struct names *old = *at;

	*at = old->next;
	free(old);
	known--;
}

void pidns_plain(pid_t pid)
{
	struct names **at = find(pid);

	if (*at)
		forget(at);
}

/* Forget processes that are gone and that no segment has in shm_lpid or
   shm_cpid. */
static void sweep(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct names **at = &buckets[i];

		while (*at) {
			if (task_find((*at)->pid) || ipcns_tells((*at)->pid))
				at = &(*at)->next;
			else
				forget(at);
		}
	}
	sweep_at = known < SWEEP_MIN / 2 ? SWEEP_MIN : 2 * known;
}

/* Read "NSpid:	outermost	...	innermost", whose outermost
   is the id in the tracer's namespace: how many ids follow that one. */
static unsigned read_names(pid_t pid, int32_t names[DEPTH_MAX])
{
	char *text = proc_read(pid, "status"), *at, *end;
	unsigned count = 0;

	at = text ? strstr(text, "\nNSpid:") : NULL;
	if (at)
		at += strlen("\nNSpid:");
	while (at && count < DEPTH_MAX) {
		long name = strtol(at, &end, 10);

		if (end == at || *at == '\n')
			break;
		names[count++] = (int32_t)name;
		at = *end == '\n' ? NULL : end;
	}
	free(text);
	return count ? count - 1 : 0;
}

static void remember(pid_t pid, const struct pidns *ns)
{
	int32_t name[DEPTH_MAX];
	unsigned count = read_names(pid, name);
	struct names *names;

	if (!count)
		return;
	names = malloc(sizeof(*names) + count * sizeof(names->name[0]));
	if (!names)
		return;
	names->pid = pid;
	names->count = 0;
	for (; ns && count > 0; ns = ns->parent, count--)
		names->name[names->count++] =
			(struct name){ ns->id, name[count] };
	names->next = buckets[(unsigned)pid % BUCKETS];
	buckets[(unsigned)pid % BUCKETS] = names;
	if (++known >= sweep_at)
		sweep();
}

struct pidns *pidns_born(pid_t pid)
{
	struct pidns *ns = find_or_add(proc_open(pid, "ns/pid", O_RDONLY));

	pidns_plain(pid);
	if (ns)
		remember(pid, ns);
	return ns;
}

int32_t pidns_seen(const struct pidns *ns, int32_t pid)
{
	const struct names *names;

	if (!ns)
		return pid;
	names = *find(pid);
	for (unsigned i = 0; names && i < names->count; i++)
		if (names->name[i].ns == ns->id)
			return names->name[i].pid;
	return 0;
}
