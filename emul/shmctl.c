// SPDX-License-Identifier: MIT
/* shmctl.c - control a segment (ksys_shmctl and what it calls). */
#include "emul/shm.h"

/* shmctl_stat().  The SHM_STAT commands take an index; as the kernel looks
   at the low 15 bits only, a whole id does too, with any sequence number. */
static sysret_t stat(const struct emul_caller *caller, int32_t id, int cmd,
		     uint64_t buf)
{
	const struct segment *segment;
	sysret_t result;

	if (cmd == IPC_STAT)
		segment = ipc_obtain_object_check(caller->ns, id);
	else
		segment = ipc_obtain_object_idr(caller->ns,
						(uint32_t)id % ID_INDEX_MAX);
	if (!segment)
		return -EINVAL;
	if (cmd != SHM_STAT_ANY && ipcperms(segment, caller->cred, 0444))
		return -EACCES;
	result = copy_shmid_to_user(caller, buf, segment);
	if (result < 0)
		return result;
	return cmd == IPC_STAT ? 0 : segment->id;
}

/* ipcctl_obtain_check() */
static sysret_t find_own(const struct emul_caller *caller, int32_t id,
			 struct segment **segment)
{
	*segment = ipc_obtain_object_check(caller->ns, id);
	if (!*segment)
		return -EINVAL;
	if (!ipc_is_owner(*segment, caller->cred) &&
	    !ns_capable(caller->cred, EMUL_CAP_SYS_ADMIN))
		return -EPERM;
	return 0;
}

/* shmctl_down(IPC_SET): the buffer is read before the id is looked at. */
static sysret_t set(const struct emul_caller *caller, int32_t id, uint64_t buf)
{
	struct segment *segment;
	struct abi_set new;
	sysret_t result = copy_shmid_from_user(caller, buf, &new);

	if (result < 0)
		return result;
	result = find_own(caller, id, &segment);
	if (result < 0)
		return result;
	new.uid = make_kuid(caller->ns->emul, caller->task, new.uid);
	new.gid = make_kgid(caller->ns->emul, caller->task, new.gid);
	if (new.uid == UINT32_MAX || new.gid == UINT32_MAX)
		return -EINVAL; /* ipc_update_perm(): not a valid id */
	segment->uid = new.uid;
	segment->gid = new.gid;
	segment->mode = (segment->mode & ~0777u) | (new.mode & 0777);
	segment->ctime = caller->now;
	return 0;
}

/* shmctl_down(IPC_RMID) */
static sysret_t rmid(const struct emul_caller *caller, int32_t id)
{
	struct segment *segment;
	sysret_t result = find_own(caller, id, &segment);

	if (result < 0)
		return result;
	do_shm_rmid(segment);
	return 0;
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

/* user_shm_lock(): the limit counts all segments locked under the real uid,
   those locked with the capability included. */
static sysret_t charge(const struct emul_caller *caller,
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

static sysret_t lock(const struct emul_caller *caller, struct segment *segment)
{
	struct emul *emul = caller->ns->emul;
	sysret_t result;

	if (segment->mode & SHM_LOCKED)
		return 0;
	result = charge(caller, segment);
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

static sysret_t unlock(struct emul *emul, struct segment *segment)
{
	if (!(segment->mode & SHM_LOCKED))
		return 0;
	emul->host.pages_lock(emul->host_arg, segment->pages, false);
	user_shm_unlock(segment);
	segment->mode &= ~(uint32_t)SHM_LOCKED;
	return 0;
}

/* shmctl_do_lock(): here the capability counts, not SYS_ADMIN. */
static sysret_t do_lock(const struct emul_caller *caller, int32_t id, int cmd)
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
	return cmd == SHM_LOCK ? lock(caller, segment) : unlock(emul, segment);
}

static sysret_t info(const struct emul_caller *caller, int cmd, uint64_t buf)
{
	sysret_t result = cmd == IPC_INFO ? copy_shminfo_to_user(caller, buf) :
					    copy_shm_info_to_user(caller, buf);

	return result < 0 ? result : (sysret_t)ipc_get_maxidx(caller->ns);
}

sysret_t emul_shmctl(const struct emul_caller *caller, uint64_t shmid,
		     uint64_t cmd, uint64_t buf)
{
	int32_t id = (int32_t)(uint32_t)shmid;
	int32_t c = (int32_t)(uint32_t)cmd;

	if (c < 0 || id < 0)
		return -EINVAL;
	switch (c) {
	case IPC_INFO:
	case SHM_INFO:
		return info(caller, c, buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return stat(caller, id, c, buf);
	case IPC_SET:
		return set(caller, id, buf);
	case IPC_RMID:
		return rmid(caller, id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return do_lock(caller, id, c);
	default:
		return -EINVAL;
	}
}
