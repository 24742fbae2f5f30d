// SPDX-License-Identifier: MIT
/* procfs.c - /proc/sysvipc/shm (sysvipc_shm_proc_show). */
#include "emul/shm.h"

#include <inttypes.h>
#include <stdio.h>

static const char header[] =
	"       key      shmid perms                  size  cpid  lpid nattch"
	"   uid   gid  cuid  cgid      atime      dtime      ctime"
	"                   rss                  swap\n";

static size_t put_row(const struct segment *s, void *task, char *buf,
		      size_t size)
{
	const struct emul *emul = s->ns->emul;
	struct emul_usage usage = { 0, 0 };

	shm_add_rss_swap(s, &usage);
	return (size_t)snprintf(
		buf, size,
		"%10d %10d  %4o %21" PRIu64 " %5u %5u  %5" PRIu64
		" %5u %5u %5u %5u %10" PRIu64 " %10" PRIu64 " %10" PRIu64
		" %21" PRIu64 " %21" PRIu64 "\n",
		s->key, s->id, s->mode, s->size,
		(uint32_t)pid_vnr(emul, task, s->cpid),
		(uint32_t)pid_vnr(emul, task, s->lpid), s->nattch,
		from_kuid_munged(emul, task, s->uid),
		from_kgid_munged(emul, task, s->gid),
		from_kuid_munged(emul, task, s->cuid),
		from_kgid_munged(emul, task, s->cgid), (uint64_t)s->atime,
		(uint64_t)s->dtime, (uint64_t)s->ctime, usage.rss, usage.swap);
}

size_t emul_sysvipc(const struct emul_ns *ns, void *task, char *buf,
		    size_t size)
{
	size_t len = (size_t)snprintf(buf, size, "%s", header);

	for (uint32_t i = 0; i < ns->capacity; i++) {
		size_t used = len < size ? len : size;

		if (ns->by_index[i])
			len += put_row(ns->by_index[i], task, buf + used,
				       size - used);
	}
	return len;
}
