// SPDX-License-Identifier: MIT
/* names.c - users, groups and processes as a task's namespaces call them. */
#include "emul/shm.h"

/* from_kuid_munged() */
uint32_t uid_seen(const struct emul *emul, void *task, uint32_t uid)
{
	if (!task || !emul->host.id_seen)
		return uid;
	return emul->host.id_seen(task, false, uid);
}

uint32_t gid_seen(const struct emul *emul, void *task, uint32_t gid)
{
	if (!task || !emul->host.id_seen)
		return gid;
	return emul->host.id_seen(task, true, gid);
}

/* make_kuid() */
uint32_t uid_meant(const struct emul *emul, void *task, uint32_t uid)
{
	if (!emul->host.id_meant)
		return uid;
	return emul->host.id_meant(task, false, uid);
}

uint32_t gid_meant(const struct emul *emul, void *task, uint32_t gid)
{
	if (!emul->host.id_meant)
		return gid;
	return emul->host.id_meant(task, true, gid);
}

/* pid_vnr() */
int32_t pid_seen(const struct emul *emul, void *task, int32_t pid)
{
	if (!task || !pid || !emul->host.pid_seen)
		return pid;
	return emul->host.pid_seen(task, pid);
}
