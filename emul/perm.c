// SPDX-License-Identifier: MIT
/* perm.c - who may do what to a segment (ipcperms() in ipc/util.c). */
#include "emul/shm.h"

static bool is_owner_or_creator(const struct segment *segment, uint32_t euid)
{
	return euid == segment->uid || euid == segment->cuid;
}

/* in_group_p(): the file-system gid, not the effective one. */
bool in_group_p(const struct emul_cred *cred, uint32_t gid)
{
	if (cred->fsgid == gid)
		return true;
	for (uint32_t i = 0; i < cred->ngroups; i++)
		if (cred->groups[i] == gid)
			return true;
	return false;
}

/* Any of the three positions asks for the right; the first class that
   matches the caller decides alone. */
bool perm_allows(const struct segment *segment, const struct emul_cred *cred,
		 uint32_t mode)
{
	uint32_t wanted = mode >> 6 | mode >> 3 | mode;
	uint32_t granted = segment->mode;

	if (is_owner_or_creator(segment, cred->euid))
		granted >>= 6;
	else if (in_group_p(cred, segment->cgid) ||
		 in_group_p(cred, segment->gid))
		granted >>= 3;
	return !(wanted & ~granted & 7) || (cred->caps & EMUL_CAP_IPC_OWNER);
}

bool capable(const struct emul_cred *cred, uint32_t cap)
{
	return (cred->caps & cap) && !cred->in_child_userns;
}

/* For IPC_SET, IPC_RMID and SHM_LOCK, which modes do not rule. */
bool perm_is_owner(const struct segment *segment, const struct emul_cred *cred)
{
	return is_owner_or_creator(segment, cred->euid);
}
