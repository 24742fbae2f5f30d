// SPDX-License-Identifier: MIT
/*
 * ipcns.c - namespaces by inode, one registry each.
 */
#include "tracer/ipcns.h"

#include <stdlib.h>
#include <unistd.h>

#include "tracer/proc.h"
#include "tracer/run.h"

struct known {
	uint64_t inode;		/* 0: the host has no IPC namespaces */
	struct emul_ns *ns;
	struct known *next;
};

static struct known *known;

static struct known *add(uint64_t inode)
{
	struct known *entry = malloc(sizeof(*entry));

	if (!entry)
		return NULL;
	*entry = (struct known){ inode, emul_ns_new(run.emul), known };
	if (!entry->ns) {
		free(entry);
		return NULL;
	}
	known = entry;
	return entry;
}

int ipcns_init(void)
{
	return add(proc_namespace(getpid(), "ipc")) ? 0 : -1;
}

struct emul_ns *ipcns_first(void)
{
	struct known *entry = known;

	while (entry->next)
		entry = entry->next;
	return entry->ns;
}

struct emul_ns *ipcns_of(pid_t tid, struct emul_ns *otherwise)
{
	uint64_t inode = proc_namespace(tid, "ipc");
	struct known *entry = known;

	while (entry && entry->inode != inode)
		entry = entry->next;
	if (!entry && inode)
		entry = add(inode);
	return emul_ns_get(entry ? entry->ns : otherwise);
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
