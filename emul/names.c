// SPDX-License-Identifier: MIT
/* names.c - users, groups and processes as a task's namespaces call them. */
#include "emul/shm.h"

/* from_kuid_munged() */
uint32_t from_kuid_munged(const struct emul *emul, void *task, uint32_t uid)
{
	if (!task || !emul->host.id_to_task)
		return uid;
	return emul->host.id_to_task(task, false, uid);
}

uint32_t from_kgid_munged(const struct emul *emul, void *task, uint32_t gid)
{
	if (!task || !emul->host.id_to_task)
		return gid;
	return emul->host.id_to_task(task, true, gid);
}

/* make_kuid() */
uint32_t make_kuid(const struct emul *emul, void *task, uint32_t uid)
{
	if (!emul->host.id_from_task)
		return uid;
	return emul->host.id_from_task(task, false, uid);
}

uint32_t make_kgid(const struct emul *emul, void *task, uint32_t gid)
{
	if (!emul->host.id_from_task)
		return gid;
	return emul->host.id_from_task(task, true, gid);
}

/* pid_vnr() */
int32_t pid_vnr(const struct emul *emul, void *task, int32_t pid)
{
	if (!task || !pid || !emul->host.pid_to_task)
		return pid;
	return emul->host.pid_to_task(task, pid);
}
