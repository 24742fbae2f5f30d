// SPDX-License-Identifier: MIT
/* shmctl.c - control a segment (ksys_shmctl and what it calls). */
#include "emul/shm.h"

/* The SHM_STAT commands take an index; as ipc_obtain_object_idr() looks at the
   low 15 bits only, a whole id does too, with any sequence number. */
static sysret_t shmctl_stat(const struct emul_caller *caller, int32_t id,
			    int cmd, uint64_t buf)
{
	const struct segment *segment;
	sysret_t result;

	if (cmd == IPC_STAT)
		segment = ipc_obtain_object_check(caller->ns, id);
	else
		segment = ipc_obtain_object_idr(caller->ns, id);
	if (!segment)
		return -EINVAL;
	if (cmd != SHM_STAT_ANY && ipcperms(segment, caller->cred, 0444))
		return -EACCES;
	result = copy_shmid_to_user(caller, buf, segment);
	if (result < 0)
		return result;
	return cmd == IPC_STAT ? 0 : segment->id;
}

static sysret_t ipcctl_obtain_check(const struct emul_caller *caller,
				    int32_t id, struct segment **segment)
{
	*segment = ipc_obtain_object_check(caller->ns, id);
	if (!*segment)
		return -EINVAL;
	if (!ipc_is_owner(*segment, caller->cred) &&
	    !ns_capable(caller->cred, EMUL_CAP_SYS_ADMIN))
		return -EPERM;
	return 0;
}

static sysret_t ipc_update_perm(const struct emul_caller *caller,
				struct segment *segment,
				const struct abi_set *new)
{
	const struct emul *emul = caller->ns->emul;
	uint32_t uid = make_kuid(emul, caller->task, new->uid);
	uint32_t gid = make_kgid(emul, caller->task, new->gid);

	if (uid == UINT32_MAX || gid == UINT32_MAX)
		return -EINVAL; /* not a valid id */
	segment->uid = uid;
	segment->gid = gid;
	segment->mode = (segment->mode & ~0777u) | (new->mode & 0777);
	return 0;
}

static sysret_t shmctl_down(const struct emul_caller *caller, int32_t id,
			    int cmd, const struct abi_set *new)
{
	struct segment *segment;
	sysret_t result = ipcctl_obtain_check(caller, id, &segment);

	if (result < 0)
		return result;
	if (cmd == IPC_RMID) {
		do_shm_rmid(segment);
		return 0;
	}
	result = ipc_update_perm(caller, segment, new);
	if (result == 0)
		segment->ctime = caller->now;
	return result;
}

static struct mlock_user *find_mlock_user(struct emul *emul, uint32_t uid)
{
	struct mlock_user *user = emul->mlock_users;

	while (user && user->uid != uid)
		user = user->next;
	if (user)
		return user;
	user = emul_alloc(emul, 1, sizeof *user);
	if (!user)
		return NULL;
	user->uid = uid;
	user->next = emul->mlock_users;
	emul->mlock_users = user;
	return user;
}

/* The limit counts all segments locked under the real uid, those locked with
   the capability included. */
static sysret_t user_shm_lock(const struct emul_caller *caller,
			      struct segment *segment)
{
	struct emul *emul = caller->ns->emul;
	struct mlock_user *user = find_mlock_user(emul, caller->cred->uid);
	uint64_t limit = UINT64_MAX, pages = segment_pages(segment);

	if (!user)
		return -ENOMEM;
	if (!capable(caller->cred, EMUL_CAP_IPC_LOCK))
		limit = emul->host.memlock_limit(caller->task);
	if (limit != UINT64_MAX)
		limit /= emul->config.page_size;
	user->pages += pages;
	user->refs++;
	segment->mlock_user = user;
	if (user->pages <= limit)
		return 0;
	user_shm_unlock(segment);
	return -ENOMEM;
}

static sysret_t shmem_lock(const struct emul_caller *caller,
			   struct segment *segment)
{
	struct emul *emul = caller->ns->emul;
	sysret_t result;

	if (segment->mode & SHM_LOCKED)
		return 0;
	result = user_shm_lock(caller, segment);
	if (result < 0)
		return result;
	result = emul->host.pages_lock(emul->host_arg, segment->pages, true);
	if (result < 0) {
		user_shm_unlock(segment);
		return result;
	}
	segment->mode |= SHM_LOCKED;
	return 0;
}

static sysret_t shmem_unlock(struct segment *segment)
{
	struct emul *emul = segment->ns->emul;

	if (!(segment->mode & SHM_LOCKED))
		return 0;
	emul->host.pages_lock(emul->host_arg, segment->pages, false);
	user_shm_unlock(segment);
	segment->mode &= ~(uint32_t)SHM_LOCKED;
	return 0;
}

/* Here CAP_IPC_LOCK counts, not CAP_SYS_ADMIN. */
static sysret_t shmctl_do_lock(const struct emul_caller *caller, int32_t id,
			       int cmd)
{
	struct emul *emul = caller->ns->emul;
	struct segment *segment = ipc_obtain_object_check(caller->ns, id);

	if (!segment)
		return -EINVAL;
	if (!ns_capable(caller->cred, EMUL_CAP_IPC_LOCK)) {
		if (!ipc_is_owner(segment, caller->cred))
			return -EPERM;
		if (cmd == SHM_LOCK &&
		    emul->host.memlock_limit(caller->task) == 0)
			return -EPERM;
	}
	if (segment->huge_shift) /* is_file_hugepages(): nothing to do */
		return 0;
	return cmd == SHM_LOCK ? shmem_lock(caller, segment) :
				 shmem_unlock(segment);
}

static sysret_t shmctl_ipc_info(const struct emul_caller *caller, uint64_t buf)
{
	sysret_t result = copy_shminfo_to_user(caller, buf);

	return result < 0 ? result : (sysret_t)ipc_get_maxidx(caller->ns);
}

static sysret_t shmctl_shm_info(const struct emul_caller *caller, uint64_t buf)
{
	sysret_t result = copy_shm_info_to_user(caller, buf);

	return result < 0 ? result : (sysret_t)ipc_get_maxidx(caller->ns);
}

sysret_t emul_shmctl(const struct emul_caller *caller, uint64_t shmid,
		     uint64_t shmcmd, uint64_t buf)
{
	int32_t id = (int32_t)(uint32_t)shmid;
	int32_t cmd = (int32_t)(uint32_t)shmcmd;
	struct abi_set new = { 0 };
	sysret_t result;

	if (cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return shmctl_ipc_info(caller, buf);
	case SHM_INFO:
		return shmctl_shm_info(caller, buf);
	case SHM_STAT:
	case SHM_STAT_ANY:
	case IPC_STAT:
		return shmctl_stat(caller, id, cmd, buf);
	case IPC_SET: /* the buffer is read before the id is looked at */
		result = copy_shmid_from_user(caller, buf, &new);
		if (result < 0)
			return result;
		return shmctl_down(caller, id, cmd, &new);
	case IPC_RMID:
		return shmctl_down(caller, id, cmd, &new);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shmctl_do_lock(caller, id, cmd);
	default:
		return -EINVAL;
	}
}
